"""A small U-Net that denoises latent grids in two and three dimensions.

The building blocks are DDPM's (Ho et al., NeurIPS 2020): residual blocks of two convolutions with
group normalisation, told the time step between them, and self-attention on the coarsest grid.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lift.convolutions import CONVOLUTIONS
from lift.diffusion.timestep import sinusoidal
from lift.ranges import Count
from lift.zeroed import zeroed_

GROUPS = 8
HEAD_WIDTH = 32


class ResidualBlock(nn.Module):
    """Two convolutions around the time step; the second starts at zero."""

    def __init__(self, dimensions: int, channels_in: int, channels_out: int, time: int) -> None:
        super().__init__()
        convolution = CONVOLUTIONS[dimensions]
        self.norm_in = nn.GroupNorm(GROUPS, channels_in)
        self.conv_in = convolution(channels_in, channels_out, 3, padding=1)
        self.time = nn.Linear(time, channels_out)
        self.norm_out = nn.GroupNorm(GROUPS, channels_out)
        self.conv_out = zeroed_(convolution(channels_out, channels_out, 3, padding=1))
        same = channels_in == channels_out
        self.skip = nn.Identity() if same else convolution(channels_in, channels_out, 1)

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        shift = self.time(F.silu(time))
        h = self.conv_in(F.silu(self.norm_in(x))) + shift[(..., *[None] * (x.ndim - 2))]
        return self.skip(x) + self.conv_out(F.silu(self.norm_out(h)))


class Attention(nn.Module):
    """Self-attention among all cells of a grid; its output starts at zero."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.heads = max(channels // HEAD_WIDTH, 1)
        self.norm = nn.GroupNorm(GROUPS, channels)
        self.project = nn.Linear(channels, 3 * channels)
        self.leave = zeroed_(nn.Linear(channels, channels))

    def forward(self, x: Tensor) -> Tensor:
        cells = self.norm(x).flatten(2).transpose(1, 2)  # (B, P**D, C)
        query, key, value = (
            part.unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for part in self.project(cells).chunk(3, dim=-1)
        )
        mixed = F.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)
        return x + self.leave(mixed).transpose(1, 2).reshape(x.shape)


class CellLinear(nn.Module):
    """A linear map ``(B, P, ..., P, i)`` to ``(B, P, ..., P, o)`` of its own for each cell."""

    def __init__(self, cells: tuple[int, ...], channels_in: int, channels_out: int) -> None:
        super().__init__()
        bound = math.sqrt(3 / channels_in)
        self.weight = nn.Parameter(torch.empty(math.prod(cells), channels_in, channels_out))
        self.bias = nn.Parameter(torch.zeros(math.prod(cells), 1, channels_out))
        nn.init.uniform_(self.weight, -bound, bound)

    def forward(self, x: Tensor) -> Tensor:
        cells = x.flatten(1, -2).transpose(0, 1)  # (M, B, i)
        mapped = torch.bmm(cells, self.weight) + self.bias
        return mapped.transpose(0, 1).unflatten(1, x.shape[1:-1])


class UNet(nn.Module):
    """Denoises grids ``(B, P, ..., P, d)``, channels last.

    Args:
        shape: ``(P, ..., P, d)`` with two or three axes of cells.
        widths: channels of each resolution, the finest first; each halves the one before.
        blocks: residual blocks of each resolution on the way down; one more on the way up.
        cellwise: whether each cell has linear maps of its own into the network and out of it.
            LIFT's regions have weights of their own, so that the same latent means something else
            in every cell, which a convolution cannot know.

    Raises:
        ValueError: a latent that is no such grid, or impossible widths.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        *,
        widths: tuple[Count, ...],
        blocks: Count,
        cellwise: bool,
    ) -> None:
        super().__init__()
        dimensions, channels = len(shape) - 1, shape[-1]
        if dimensions not in (2, 3):
            raise ValueError(f"unet: latents of shape {shape}; expected grids (P, ..., P, d)")
        if any(size % 2 ** (len(widths) - 1) for size in shape[:-1]):
            raise ValueError(
                f"widths: {len(widths)} resolutions of a grid {shape[:-1]}; expected sizes that "
                f"divide by {2 ** (len(widths) - 1)}"
            )
        if not widths or any(width % HEAD_WIDTH or width <= 0 for width in widths) or blocks < 1:
            raise ValueError(
                f"widths: {widths}, blocks: {blocks}; expected multiples of {HEAD_WIDTH} and at "
                "least one block"
            )
        convolution, time = CONVOLUTIONS[dimensions], 4 * widths[0]
        self.time_width = widths[0]
        self.time = nn.Sequential(nn.Linear(widths[0], time), nn.SiLU(), nn.Linear(time, time))
        shared = widths[0] if cellwise else channels
        self.share = CellLinear(shape[:-1], channels, shared) if cellwise else nn.Identity()
        self.enter = convolution(shared if cellwise else channels, widths[0], 3, padding=1)

        self.blocks = blocks
        self.down, self.shrink, self.up, self.grow = (nn.ModuleList() for _ in range(4))
        width, skips = widths[0], [widths[0]]
        for level, width_out in enumerate(widths):
            for _ in range(blocks):
                self.down.append(ResidualBlock(dimensions, width, width_out, time))
                width = width_out
                skips.append(width)
            if level < len(widths) - 1:
                self.shrink.append(convolution(width, width, 3, stride=2, padding=1))
                skips.append(width)

        self.middle = ResidualBlock(dimensions, width, width, time)
        self.attention = Attention(width)
        self.middle_out = ResidualBlock(dimensions, width, width, time)

        for level, width_out in reversed(list(enumerate(widths))):
            for _ in range(blocks + 1):
                self.up.append(ResidualBlock(dimensions, width + skips.pop(), width_out, time))
                width = width_out
            if level:
                self.grow.append(convolution(width, width, 3, padding=1))
        self.norm = nn.GroupNorm(GROUPS, width)
        self.leave = zeroed_(convolution(width, shared, 3, padding=1))
        self.unshare = CellLinear(shape[:-1], shared, channels) if cellwise else nn.Identity()

    def forward(self, noisy: Tensor, timestep: Tensor) -> Tensor:
        """Prediction ``(B, P, ..., P, d)`` for noisy grids at time steps ``(B,)``."""
        time = self.time(sinusoidal(timestep, self.time_width))
        x = self.enter(self.share(noisy).movedim(-1, 1))
        skips = [x]
        for place, block in enumerate(self.down, start=1):
            x = block(x, time)
            skips.append(x)
            if place % self.blocks == 0 and place < len(self.down):
                x = self.shrink[place // self.blocks - 1](x)
                skips.append(x)
        x = self.middle_out(self.attention(self.middle(x, time)), time)
        for place, block in enumerate(self.up, start=1):
            x = block(torch.cat([x, skips.pop()], dim=1), time)
            if place % (self.blocks + 1) == 0 and place < len(self.up):
                x = F.interpolate(x, scale_factor=2.0, mode="nearest")
                x = self.grow[place // (self.blocks + 1) - 1](x)
        return self.unshare(self.leave(F.silu(self.norm(x))).movedim(1, -1))
