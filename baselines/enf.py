"""ENF: a signal is a set of tokens with places, and a point attends to the tokens nearest to it.

Wessels, Knigge et al., 2024 (arXiv 2406.05753), in the form that MetaLF's released code compares
itself with; ``config/methods/enf.yaml`` says what each value rests on. A token's place counts
only relative to the point, so that moving tokens moves the signal.

T is the number of tokens, k that of the tokens a point attends to, H of heads.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lift.field import Cost, Domain, Latent, NeuralField, Query, Rates
from lift.meta.rates import InnerRates, RateSettings
from lift.ranges import Count, Positive

OFF_GRID = 1e-3
"""What moves the first places off their grid: no pixel is as near to one token as to another."""

TIE = 1e-6
"""Of tokens that are equally near, as on the grid that places start from, the first is taken,
whichever rounding makes the nearer one."""

TRUNCATED = 0.87962566103423978
"""Standard deviation of a unit Gaussian that is cut off at 2."""


class ENF(NeuralField):
    """Cross-attention from relative places to tokens, once, then a linear layer.

    A latent is what the inner loop adds to a learned set of tokens: ``pose`` ``(B, T, D)``, places
    in ``[-1, 1]`` and beyond, and ``content`` ``(B, T, C)``. Values are trained in ``[-1, 1]``
    there, hence half the output and a half here.

    Args:
        domain: the grid of the signals.
        tokens_per_axis: of the grid that places start from; T is its power D.
        latent_channels: floats of a token's content.
        width: of values, and of the embeddings of relative places.
        heads: H.
        attention_width: of a query and a key in one head.
        nearest: k.
        frequencies: standard deviations that the frequencies of queries and of values start from.
        inner_rates: arguments of `InnerRates` for ``pose`` and ``content``.

    Raises:
        ValueError: the width is odd.
    """

    def __init__(
        self,
        domain: Domain,
        *,
        tokens_per_axis: Count,
        latent_channels: Count,
        width: Count,
        heads: Count,
        attention_width: Count,
        nearest: Count,
        frequencies: tuple[Positive, Positive],
        inner_rates: RateSettings,
    ) -> None:
        super().__init__()
        self.domain = domain
        dimensions = domain.dimensions
        self.tokens, self.nearest = tokens_per_axis**dimensions, nearest
        self.heads, self.width = heads, width
        self.window = dimensions / tokens_per_axis
        self.start = nn.ParameterDict(
            {
                "pose": grid_of_places(tokens_per_axis, dimensions) + OFF_GRID,
                "content": torch.full((self.tokens, latent_channels), 1 / latent_channels),
            }
        )
        query_embedding = FourierEmbedding(dimensions, width, frequencies[0])
        value_embedding = FourierEmbedding(dimensions, width, frequencies[1])
        self.query = nn.Sequential(query_embedding, dense(width, heads * attention_width))
        self.modulation = nn.Sequential(value_embedding, dense(width, 2 * width))
        self.key = dense(latent_channels, heads * attention_width)
        self.value = dense(latent_channels, width)
        self.mix = nn.Sequential(dense(width, width), nn.GELU("tanh"), dense(width, heads * width))
        self.output = dense(heads * width, domain.channels)
        self.rates = InnerRates(
            {name: tuple(tokens.shape) for name, tokens in self.start.items()}, **inner_rates
        )

    def zero_latent(self, batch: int) -> Latent:
        return {name: at.new_zeros(batch, *at.shape) for name, at in self.start.items()}

    def inner_rates(self, step: int) -> Rates:
        return self.rates(step)

    def locate(self, coords: Tensor) -> Query:
        return {"places": 2 * coords - 1}

    def evaluate(self, latent: Latent, query: Query) -> Tensor:
        content = self.start["content"] + latent["content"]
        near = Neighbours(query["places"], self.start["pose"] + latent["pose"], self.nearest)
        scale, shift = self.modulation(near.relative).chunk(2, dim=-1)
        keys, values = near.of(self.key(content)), near.of(self.value(content))
        values = self.mix(values * (1 + scale) + shift).unflatten(-1, (self.heads, -1))
        agreement = (self.query(near.relative) * keys).unflatten(-1, (self.heads, -1)).sum(-1)
        weights = (agreement - near.distance / self.window**2).softmax(dim=2)
        read = (weights.unsqueeze(-1) * values).sum(2).flatten(2)
        return (self.output(read) + 1) / 2

    def cost(self) -> Cost:
        """Closed form; attention's elementwise products stand in ``interpolation_macs``.

        Latents are at the bottom of every product, so that a gradient costs as much as a forward.
        """
        points, pairs = self.domain.points, self.domain.points * min(self.nearest, self.tokens)
        a_token, a_point = (self.key, self.value), (self.output,)
        a_pair = (self.query, self.modulation, self.mix)
        counts = ((self.tokens, a_token), (pairs, a_pair), (points, a_point))
        macs = sum(count * weight_count(*layers) for count, layers in counts)
        stored = self.tokens * (
            self.domain.dimensions + sum(layer.out_features for layer in a_token)
        )
        read = sum(p.numel() for layer in (*a_pair, *a_point) for p in layer.parameters())
        return Cost(
            parameters=sum(p.numel() for p in self.parameters()) - self.rates.count,
            inference_parameters=read + stored,
            latent_floats=sum(tokens.numel() for tokens in self.start.values()),
            macs=macs,
            bias_adds=sum(count * bias_count(*layers) for count, layers in counts),
            encode_macs=3 * 2 * macs,
            interpolation_macs=pairs * (self.key.out_features + self.heads * self.width),
            rate_parameters=self.rates.count,
        )


class FourierEmbedding(nn.Module):
    """``A [sin x, sin p, cos p] + a`` of a relative place x, where ``p = pi F (x + 1)``.

    Args:
        dimensions: D, of a place ``(..., D)``.
        features: of the result ``(..., features)``.
        frequency: standard deviation that F starts from.

    Raises:
        ValueError: an odd number of features.
    """

    def __init__(self, dimensions: int, features: int, frequency: float) -> None:
        super().__init__()
        if features % 2:
            raise ValueError(f"width: {features}, expected an even number, of sines and cosines")
        self.frequencies = dense(dimensions, features // 2, bias=False)
        nn.init.normal_(self.frequencies.weight, std=frequency)
        self.mix = dense(dimensions + features, features)

    def forward(self, relative: Tensor) -> Tensor:
        phase = self.frequencies(math.pi * (relative + 1))
        return self.mix(torch.cat([relative.sin(), phase.sin(), phase.cos()], dim=-1))


class Neighbours:
    """The tokens nearest to each point; which ones is no matter of a gradient.

    ``relative`` is a point's place seen from its tokens, ``(B, N, k, D)``, and ``distance`` the
    square of its length, ``(B, N, k, 1)``.

    Args:
        places: of the points, ``(1, N, D)`` or ``(B, N, D)``.
        pose: places of the tokens, ``(B, T, D)``.
        count: k; all tokens where there are fewer.
    """

    def __init__(self, places: Tensor, pose: Tensor, count: int) -> None:
        batch, tokens, _ = pose.shape
        apart = places.detach().unsqueeze(2) - pose.detach().unsqueeze(1)
        order = torch.arange(tokens, device=pose.device)
        ranked = apart.square().sum(-1) + TIE * order
        nearest = ranked.topk(min(count, tokens), largest=False).indices
        self.index = nearest + tokens * torch.arange(batch, device=pose.device).view(-1, 1, 1)
        self.relative = places.unsqueeze(2) - self.of(pose)
        self.distance = self.relative.square().sum(-1, keepdim=True)

    def of(self, tokens: Tensor) -> Tensor:
        """What each point's tokens have, ``(B, N, k, W)``, of ``(B, T, W)``."""
        # An embedding's gradient adds rows, fifteen times as fast on a CPU as a gather's.
        return F.embedding(self.index, tokens.flatten(0, 1))


def grid_of_places(tokens_per_axis: int, dimensions: int) -> Tensor:
    """Centres of a grid of cells on ``[-1, 1]^D`` in row-major order, ``(T, D)``."""
    return 2 * Domain(dimensions, tokens_per_axis, 1).grid()[0] - 1


def dense(inputs: int, outputs: int, bias: bool = True) -> nn.Linear:
    """A linear layer as Flax starts one: a truncated Gaussian of variance 1 / inputs, no bias."""
    linear = nn.Linear(inputs, outputs, bias)
    std = 1 / math.sqrt(inputs) / TRUNCATED
    nn.init.trunc_normal_(linear.weight, std=std, a=-2 * std, b=2 * std)
    if bias:
        nn.init.zeros_(linear.bias)
    return linear


def weight_count(*networks: nn.Module) -> int:
    """Entries of all matrices of linear layers: multiply-adds of one forward through all."""
    return sum(linear.weight.numel() for linear in _linears(networks))


def bias_count(*networks: nn.Module) -> int:
    """Entries of the biases of all linear layers."""
    return sum(linear.bias.numel() for linear in _linears(networks) if linear.bias is not None)


def _linears(networks: tuple[nn.Module, ...]) -> list[nn.Linear]:
    every = [module for network in networks for module in network.modules()]
    return [module for module in every if isinstance(module, nn.Linear)]
