"""Fields whose latent is a set of tokens with places, and what such fields are made of.

What ENF and MetaLF have in common in MetaLF's released code (github.com/RoelvH97/MetaLF): a learned
set of tokens that every signal starts from, embeddings of relative places, and layers as Flax
starts them.

T is the number of tokens, k that of the tokens a point attends to.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lift.field import Cost, Domain, Latent, NeuralField, Query, Rates
from lift.meta.rates import InnerRates, RateSettings

OFF_GRID = 1e-3
"""What moves the first places off their grid: no pixel off its diagonals is as near to one token as
to another."""

TIE = 1e-6
"""Of tokens that are equally near, as on the grid that places start from, the first is taken,
whichever rounding makes the nearer one."""

TRUNCATED = 0.87962566103423978
"""Standard deviation of a unit Gaussian that is cut off at 2."""


class TokenField(NeuralField):
    """A latent is what the inner loop adds to a learned set of tokens, alike for all signals.

    ``pose`` ``(B, T, D)`` stands for places in ``[-1, 1]^D``, ``content`` ``(B, T, C)`` for the
    rest; ``start`` holds both without B.

    Args:
        domain: the grid of the signals.
        pose: that tokens start from, ``(T, D)``.
        latent_channels: floats of a token's content.
        inner_rates: arguments of `InnerRates` for ``pose`` and ``content``.

    Raises:
        ValueError: what `InnerRates` refuses.
    """

    def __init__(
        self, domain: Domain, pose: Tensor, latent_channels: int, inner_rates: RateSettings
    ) -> None:
        super().__init__()
        self.domain, self.tokens = domain, len(pose)
        content = torch.full((self.tokens, latent_channels), 1 / latent_channels)
        self.start = nn.ParameterDict({"pose": pose, "content": content})
        shapes = {name: tuple(tokens.shape) for name, tokens in self.start.items()}
        self.rates = InnerRates(shapes, **inner_rates)

    def zero_latent(self, batch: int) -> Latent:
        return {name: at.new_zeros(batch, *at.shape) for name, at in self.start.items()}

    def inner_rates(self, step: int) -> Rates:
        return self.rates(step)

    def locate(self, coords: Tensor) -> Query:
        return {"places": 2 * coords - 1}

    def total(
        self,
        runs: Sequence[tuple[int, Sequence[nn.Module]]],
        read: Sequence[nn.Module],
        stored: int,
        elementwise: int,
    ) -> Cost:
        """The cost of one signal, of networks that each run a known number of times.

        Latents are at the bottom of every product, so that a gradient costs as much as a forward.

        Args:
            runs: how often networks run, and which.
            read: the networks that are still read once tokens are computed.
            stored: floats that are then kept of one token.
            elementwise: multiply-adds of attention outside of its networks.
        """
        macs = sum(times * weight_count(*networks) for times, networks in runs)
        return Cost(
            parameters=sum(p.numel() for p in self.parameters()) - self.rates.count,
            inference_parameters=self.tokens * stored
            + sum(p.numel() for network in read for p in network.parameters()),
            latent_floats=sum(tokens.numel() for tokens in self.start.values()),
            macs=macs,
            bias_adds=sum(times * bias_count(*networks) for times, networks in runs),
            encode_macs=3 * 2 * macs,
            interpolation_macs=elementwise,
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
    """Just beside the centres of a grid of cells on ``[-1, 1]^D``, row-major, ``(T, D)``."""
    return 2 * Domain(dimensions, tokens_per_axis, 1).grid()[0] - 1 + OFF_GRID


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
