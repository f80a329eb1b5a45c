"""MetaLF: tokens with places that attend to one another before a point attends to them.

"Optimization Encoders: Rethinking Second-Order Meta-Learning for Neural Fields", 2026, whose
released code this follows (github.com/RoelvH97/MetaLF, earlier ATLAS);
``config/methods/metalf.yaml`` says what each value rests on. It is ENF with self-attention among
tokens, bounded places and feed-forward layers; letters as in `baselines.tokens`, W is the width
of a token inside.
"""

from __future__ import annotations

import math
from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F

from baselines.tokens import FourierEmbedding, Neighbours, TokenField, dense, grid_of_places
from lift.field import Cost, Domain, Latent, Query
from lift.meta.rates import RateSettings
from lift.ranges import Count, Positive

EPSILON = 1e-6
"""Flax adds it to the variance in a layer norm."""


class MetaLF(TokenField):
    """Self-attention layers among tokens, then one cross-attention from points to tokens.

    The hyperbolic tangent of a ``pose`` is a place in ``(-1, 1)^D``. Values are trained in
    ``[-1, 1]`` there, hence half the output and a half here.

    Args:
        domain: the grid of the signals.
        tokens_per_axis: of the grid that places start from; T is its power D.
        latent_channels: floats of a token's content.
        width: W.
        layers: of self-attention.
        heads: of self-attention; the cross-attention has one.
        nearest: tokens that a point attends to.
        self_nearest: tokens that a token attends to, itself among them.
        frequencies: standard deviations that the frequencies of scores and of values start from.
        inner_rates: arguments of `InnerRates` for ``pose`` and ``content``.

    Raises:
        ValueError: the width is odd, or no multiple of the heads.
    """

    def __init__(
        self,
        domain: Domain,
        *,
        tokens_per_axis: Count,
        latent_channels: Count,
        width: Count,
        layers: Count,
        heads: Count,
        nearest: Count,
        self_nearest: Count,
        frequencies: tuple[Positive, Positive],
        inner_rates: RateSettings,
    ) -> None:
        if width % heads:
            raise ValueError(f"width: {width}, expected a multiple of the {heads} heads")
        dimensions, window = domain.dimensions, domain.dimensions / tokens_per_axis
        pose = grid_of_places(tokens_per_axis, dimensions).atanh()
        super().__init__(domain, pose, latent_channels, inner_rates)
        self.lift_content = dense(latent_channels, width)
        self.layers = nn.ModuleList(
            TokenLayer(dimensions, width, heads, self_nearest, window, frequencies)
            for _ in range(layers)
        )
        self.read = CrossAttention(dimensions, width, 1, nearest, window, frequencies)
        self.feed = FeedForward(width)
        self.output = dense(width, domain.channels)
        nn.init.normal_(self.output.weight, std=1e-3)

    def evaluate(self, latent: Latent, query: Query) -> Tensor:
        pose = (self.start["pose"] + latent["pose"]).tanh()
        content = self.lift_content(self.start["content"] + latent["content"])
        for layer in self.layers:
            content = layer(pose, content)
        h = self.read(query["places"], pose, content)
        return (self.output(h + self.feed(h)) + 1) / 2

    def cost(self) -> Cost:
        """Closed form; attention's elementwise products stand in ``interpolation_macs``."""
        points, tokens = self.domain.points, self.tokens
        feeds = [m for m in self.layers.modules() if isinstance(m, FeedForward)]
        runs: list[tuple[int, tuple[nn.Module, ...]]] = [
            (tokens, (self.lift_content, *feeds)),
            (points, (self.feed, self.output)),
        ]
        pairs = 0
        for attention in (m for m in self.modules() if isinstance(m, Attention)):
            receivers = points if attention is self.read else tokens
            near = receivers * min(attention.nearest, tokens)
            pairs += near
            runs += [
                (tokens, attention.of_token),
                (near, attention.of_pair),
                (receivers, attention.of_receiver),
            ]
        return self.total(
            runs,
            read=(*self.read.of_pair, *self.read.of_receiver, self.feed, self.output),
            stored=self.domain.dimensions + 2 * self.read.width,
            elementwise=pairs * 2 * self.read.width,
        )


class Attention(nn.Module):
    """Receivers attend to the tokens nearest to them; relative places shape what they are sent.

    ``of_token``, ``of_pair`` and ``of_receiver`` are the networks that run once for each of these.

    Args:
        dimensions: D.
        width: W, of contents and of the result.
        heads: that the width is cut into.
        nearest: k.
        window: distance at which a score is lowered by 1.
        frequencies: of scores and of values.
    """

    of_token: tuple[nn.Module, ...]
    of_pair: tuple[nn.Module, ...]
    of_receiver: tuple[nn.Module, ...]

    def __init__(
        self,
        dimensions: int,
        width: int,
        heads: int,
        nearest: int,
        window: float,
        frequencies: tuple[float, float],
    ) -> None:
        super().__init__()
        self.width, self.heads, self.nearest, self.window = width, heads, nearest, window
        self.norm = nn.LayerNorm(width, EPSILON)
        self.query, self.key, self.value = (dense(width, width, bias=False) for _ in range(3))
        self.geometry = FourierEmbedding(dimensions, width, frequencies[0])
        self.modulation = FourierEmbedding(dimensions, 2 * width, frequencies[1])
        self.out = dense(width, width)

    def scores(self, content: Tensor, near: Neighbours) -> Tensor:
        """Products ``(B, N, k, W)`` of queries and keys, whose sums over a head are scores.

        Args:
            content: of the tokens, normalised, ``(B, T, W)``.
            near: the tokens that the receivers attend to.
        """
        raise NotImplementedError

    def forward(self, places: Tensor, pose: Tensor, content: Tensor) -> Tensor:
        """What receivers at ``places`` ``(S, N, D)`` are sent, ``(B, N, W)``.

        Args:
            pose: places of the tokens, ``(B, T, D)``.
            content: of the tokens, ``(B, T, W)``.
        """
        content = self.norm(content)
        near = Neighbours(places, pose, self.nearest)
        scores = self.scores(content, near).unflatten(-1, (self.heads, -1)).sum(-1)
        scores = scores / math.sqrt(self.width // self.heads) - near.distance / self.window**2
        scale, shift = self.modulation(near.relative).chunk(2, dim=-1)
        values = near.of(self.value(content)) * (1 + scale) + shift
        weighed = scores.softmax(dim=2).unsqueeze(-1) * values.unflatten(-1, (self.heads, -1))
        return self.out(weighed.sum(2).flatten(2))


class CrossAttention(Attention):
    """Points are the receivers; they have no content, and a relative place is the query."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.of_token = (self.key, self.value)
        self.of_pair = (self.geometry, self.query, self.modulation)
        self.of_receiver = (self.out,)

    def scores(self, content: Tensor, near: Neighbours) -> Tensor:
        return self.query(self.geometry(near.relative)) * near.of(self.key(content))


class SelfAttention(Attention):
    """Tokens are the receivers: content is the query, and a sender's content turns a relative
    place into a key, by a scale and a shift."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.key_scale = nn.Linear(self.width, self.width, bias=False)
        nn.init.zeros_(self.key_scale.weight)
        self.key_shift = dense(self.width, self.width, bias=False)
        self.of_token = (self.key, self.value, self.key_scale, self.key_shift)
        self.of_pair = (self.geometry, self.modulation)
        self.of_receiver = (self.query, self.out)

    def scores(self, content: Tensor, near: Neighbours) -> Tensor:
        key = self.key(content)
        scale, shift = near.of(self.key_scale(key)), near.of(self.key_shift(key))
        keys = self.geometry(near.relative) * (1 + scale) + shift
        return self.query(content).unsqueeze(2) * keys


class TokenLayer(nn.Module):
    """Self-attention among tokens and a feed-forward layer, each added to the content."""

    def __init__(self, dimensions: int, width: int, *attention: Any) -> None:
        super().__init__()
        self.attend = SelfAttention(dimensions, width, *attention)
        self.feed = FeedForward(width)

    def forward(self, pose: Tensor, content: Tensor) -> Tensor:
        """The tokens' next content, ``(B, T, W)``; their places stay."""
        content = content + self.attend(pose, pose, content)
        return content + self.feed(content)


class FeedForward(nn.Module):
    """A layer norm, a gated layer of width 4 W and a linear one, on ``(..., W)``."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width, EPSILON)
        self.spread = dense(width, 8 * width, bias=False)
        self.gather = dense(4 * width, width)

    def forward(self, h: Tensor) -> Tensor:
        value, gate = self.spread(self.norm(h)).chunk(2, dim=-1)
        return self.gather(value * F.gelu(gate, approximate="tanh"))
