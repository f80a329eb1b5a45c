"""Attention among regions, for a latent generator whose regions may tell one another something.

The inner loop moves latents by gradients that flow back through the generator. Attention in it lets
what one region cannot draw move other regions' latents too: the backward pass is the encoder, and
this is what MetaLF adds to it ("Optimization Encoders", 2026).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lift.zeroed import zeroed_

HEAD_WIDTH = 16
FEED = 2
"""Width of the feed-forward network, in tokens' widths."""


class Products(NamedTuple):
    """Multiply-adds of products with weights, of those of tokens with tokens, and biases added."""

    of_weights: int
    of_tokens: int
    bias_adds: int


class RegionAttention(nn.Module):
    """A layer of self-attention and feed-forward network on tokens ``(B, M, d)``.

    It starts as the identity. Attention is written as matrix products, since PyTorch's fused one
    has no second derivative.

    Args:
        regions: M, each of which learns a place.
        width: d.

    Raises:
        ValueError: the width is no multiple of a head's.
    """

    def __init__(self, regions: int, width: int) -> None:
        super().__init__()
        if width % HEAD_WIDTH:
            raise ValueError(f"fused_channels: {width}, expected a multiple of {HEAD_WIDTH}")
        self.place = nn.Parameter(0.02 * torch.randn(regions, width))
        self.norm, self.feed_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query_key = nn.Linear(width, 2 * width)
        self.value = nn.Linear(width, width)
        self.leave = zeroed_(nn.Linear(width, width))
        self.feed = nn.Linear(width, FEED * width)
        self.feed_out = zeroed_(nn.Linear(FEED * width, width))

    def forward(self, tokens: Tensor) -> Tensor:
        seen = self.norm(tokens)
        query, key = self.query_key(seen + self.place).chunk(2, dim=-1)
        query, key, value = (_heads(each) for each in (query, key, self.value(seen)))
        scores = query @ key.transpose(-1, -2) * HEAD_WIDTH**-0.5
        tokens = tokens + self.leave((scores.softmax(-1) @ value).transpose(1, 2).flatten(2))
        return tokens + self.feed_out(F.silu(self.feed(self.feed_norm(tokens))))

    def cost(self) -> Products:
        """For one signal."""
        regions, width = self.place.shape
        weights = sum(linear.weight.numel() for linear in self._linears())
        biases = sum(linear.out_features for linear in self._linears())
        return Products(regions * weights, 2 * regions**2 * width, regions * biases)

    def _linears(self) -> list[nn.Linear]:
        return [module for module in self.children() if isinstance(module, nn.Linear)]


def _heads(rows: Tensor) -> Tensor:
    """``(B, heads, M, HEAD_WIDTH)`` of ``(B, M, d)``."""
    return rows.unflatten(-1, (-1, HEAD_WIDTH)).transpose(1, 2)
