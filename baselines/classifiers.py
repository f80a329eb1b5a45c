"""The heads that classify the baselines' latents, and a plain one for any grid.

Latents come standardised or divided by a constant, one tensor a name, batch first; ``shapes`` are
those of one signal.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from lift.field import Latent
from lift.hierarchy import upsample
from lift.ranges import Count, Layers, Positive, Share

CONVOLUTION_GROUPS = 8
"""Of channels that are normalised together."""


class MLPClassifier(nn.Module):
    """Functa's head: hidden layers with SiLU and dropout on the latent as one vector.

    At latent 512 with two hidden layers of 1,024 it has the 1.58 M parameters that LIFT's CIFAR-10
    table prints for it (1,585,162). Convolutional grids are read as vectors too.
    """

    def __init__(
        self,
        shapes: Mapping[str, tuple[int, ...]],
        classes: int,
        *,
        width: Count,
        hidden_layers: Layers,
        dropout: Share,
    ) -> None:
        super().__init__()
        sizes = [sum(math.prod(shape) for shape in shapes.values()), *[width] * hidden_layers]
        layers: list[nn.Module] = []
        for before, after in itertools.pairwise(sizes):
            layers += [nn.Linear(before, after), nn.SiLU(), nn.Dropout(dropout)]
        self.layers = nn.Sequential(*layers, nn.Linear(sizes[-1], classes))

    def forward(self, latent: Latent) -> Tensor:
        """Scores ``(B, classes)``."""
        scores: Tensor = self.layers(torch.cat([z.flatten(1) for z in latent.values()], dim=1))
        return scores


class AttentionBlock(nn.Module):
    """``x + attention(norm(x))``, then ``x + MLP(norm(x))``, on tokens ``(B, T, width)``.

    Raises:
        ValueError: heads that the width does not divide into.
    """

    def __init__(self, width: int, *, heads: int, mlp_ratio: float, dropout: float) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(f"width: {width}, expected a multiple of the {heads} heads")
        hidden = round(mlp_ratio * width)
        self.heads = heads
        self.attention_norm = nn.LayerNorm(width)
        self.project = nn.Linear(width, 3 * width)
        self.leave = nn.Linear(width, width)
        self.mlp_norm = nn.LayerNorm(width)
        self.mlp = nn.Sequential(
            nn.Linear(width, hidden), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden, width)
        )
        self.drop = nn.Dropout(dropout)

    def forward(self, tokens: Tensor) -> Tensor:
        tokens = tokens + self.drop(self.leave(self.attend(self.attention_norm(tokens))))
        return tokens + self.drop(self.mlp(self.mlp_norm(tokens)))

    def attend(self, tokens: Tensor) -> Tensor:
        """Written out as matrix products, which cost counters see."""
        projected = self.project(tokens).unflatten(-1, (3, self.heads, -1))
        query, key, value = projected.permute(2, 0, 3, 1, 4)  # (B, heads, T, width / heads) each
        similarity = query @ key.transpose(-1, -2) / math.sqrt(query.shape[-1])
        return (similarity.softmax(-1) @ value).transpose(1, 2).flatten(2)


class TransformerClassifier(nn.Module):
    """Spatial Functa's head: a Transformer whose tokens are the cells of the latent grid.

    A class token, learned positions, pre-norm, GELU. Four layers of width 384 with MLP ratio 4 on
    8x8 cells of 16 channels have the 7.10 M parameters that LIFT's CIFAR-10 table prints.

    Raises:
        ValueError: there is more than one latent, or it is no grid.
    """

    def __init__(
        self,
        shapes: Mapping[str, tuple[int, ...]],
        classes: int,
        *,
        width: Count,
        depth: Count,
        heads: Count,
        mlp_ratio: Positive,
        dropout: Share,
    ) -> None:
        super().__init__()
        (*cells, channels), *others = shapes.values()
        if others or not cells:
            raise ValueError(f"latents: {dict(shapes)}, expected one grid (s, ..., s, d)")
        self.embed = nn.Linear(channels, width)
        self.token = nn.Parameter(0.02 * torch.randn(1, 1, width))
        self.positions = nn.Parameter(0.02 * torch.randn(1, math.prod(cells) + 1, width))
        self.blocks = nn.Sequential(
            *(
                AttentionBlock(width, heads=heads, mlp_ratio=mlp_ratio, dropout=dropout)
                for _ in range(depth)
            )
        )
        self.norm = nn.LayerNorm(width)
        self.read = nn.Linear(width, classes)

    def forward(self, latent: Latent) -> Tensor:
        """Scores ``(B, classes)``."""
        (grid,) = latent.values()
        cells = self.embed(grid.flatten(1, -2))
        tokens = torch.cat([self.token.expand(len(cells), -1, -1), cells], dim=1)
        tokens = self.blocks(tokens + self.positions)
        scores: Tensor = self.read(self.norm(tokens[:, 0]))
        return scores


class ConvolutionalBlock(nn.Module):
    """``x`` and two convolutions of it, each after group norm and SiLU, on ``(B, width, P, P)``."""

    def __init__(self, width: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for _ in range(2):
            layers += [
                nn.GroupNorm(CONVOLUTION_GROUPS, width),
                nn.SiLU(),
                nn.Conv2d(width, width, 3, padding=1),
            ]
        self.layers = nn.Sequential(*layers)

    def forward(self, grid: Tensor) -> Tensor:
        changed: Tensor = self.layers(grid)
        return grid + changed


class ConvolutionalClassifier(nn.Module):
    """Residual 3x3 convolutions on the grid of latents: no method's published head.

    Learns several times faster on a CPU than VMamba or a Transformer. Coarser grids are enlarged to
    the finest, as LIFT's VMamba does.

    Args:
        width: channels, a multiple of 8.
        blocks: of two convolutions.

    Raises:
        ValueError: latents that are no grids of two dimensions, or a width that does not divide.
    """

    def __init__(
        self, shapes: Mapping[str, tuple[int, ...]], classes: int, *, width: Count, blocks: Count
    ) -> None:
        super().__init__()
        self.side = max(shape[0] for shape in shapes.values())
        if any(len(shape) != 3 or self.side % shape[0] for shape in shapes.values()):
            raise ValueError(
                f"latents: {dict(shapes)}, expected grids (s, s, d) whose sides divide the largest"
            )
        if width % CONVOLUTION_GROUPS:
            raise ValueError(f"width: {width}, expected a multiple of {CONVOLUTION_GROUPS}")
        channels = sum(shape[-1] for shape in shapes.values())
        self.enter = nn.Conv2d(channels, width, 3, padding=1)
        self.blocks = nn.Sequential(*(ConvolutionalBlock(width) for _ in range(blocks)))
        self.norm = nn.GroupNorm(CONVOLUTION_GROUPS, width)
        self.read = nn.Linear(width, classes)

    def forward(self, latent: Latent) -> Tensor:
        """Scores ``(B, classes)``."""
        grid = torch.cat([upsample(z, self.side) for z in latent.values()], dim=-1)
        features = self.norm(self.blocks(self.enter(grid.movedim(-1, 1))))
        scores: Tensor = self.read(nn.functional.silu(features).mean((2, 3)))
        return scores
