"""LIFT's classifier: VMamba blocks on a grid of latents, with no patch-merging stem.

The paper prints 4.04 M parameters and nothing else of it; sizes are in
``config/methods/lift.yaml``.
The three scales of latents are enlarged to the local grid (nearest neighbour, as LIFT's own
generator does) and concatenated, not fused: nothing is lost to a rectifier, and
``docs/searches.md`` has a comparison. The grid keeps its 8x8 cells to the end.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from lift.field import Latent
from lift.hierarchy import upsample
from lift.ranges import Count, Positive, Share
from lift.vmamba.scan import Backend
from lift.vmamba.ss2d import SS2D


class DropPath(nn.Module):
    """Leaves out a residual branch of whole signals while training (stochastic depth)."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        if not (self.training and self.rate):
            return x
        kept = torch.rand(len(x), *[1] * (x.ndim - 1), device=x.device) >= self.rate
        return x * kept / (1 - self.rate)


class VMambaBlock(nn.Module):
    """``x + SS2D(norm(x))``, then ``x + MLP(norm(x))``, on ``(B, P, ..., P, width)``."""

    def __init__(
        self,
        dimensions: int,
        width: int,
        *,
        expand: float,
        states: int,
        mlp_ratio: float,
        drop_path: float,
        backend: Backend = "auto",
    ) -> None:
        super().__init__()
        hidden = round(mlp_ratio * width)
        self.scan_norm = nn.LayerNorm(width)
        self.scan = SS2D(dimensions, width, expand=expand, states=states, backend=backend)
        self.mlp_norm = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, width))
        self.drop = DropPath(drop_path)

    def forward(self, grid: Tensor) -> Tensor:
        grid = grid + self.drop(self.scan(self.scan_norm(grid)))
        return grid + self.drop(self.mlp(self.mlp_norm(grid)))


class VMambaClassifier(nn.Module):
    """Latents on a grid to class scores.

    Args:
        shapes: of one signal's latents by name, ``(s, ..., s, d)`` each, where ``s`` divides the
            largest; a vector ``(d,)`` is a grid of one cell and one dimension.
        classes: how many.
        width, depth: channels and blocks.
        expand, states: of the scans.
        mlp_ratio: hidden over outer width of the MLPs.
        drop_path: rate of the last block; it grows linearly from zero.

    Raises:
        ValueError: the grids have different numbers of dimensions, or do not divide.
    """

    def __init__(
        self,
        shapes: Mapping[str, tuple[int, ...]],
        classes: int,
        *,
        width: Count,
        depth: Count,
        expand: Positive,
        states: Count,
        mlp_ratio: Positive,
        drop_path: Share,
        backend: Backend = "auto",
    ) -> None:
        super().__init__()
        grids = [shape if len(shape) > 1 else (1, *shape) for shape in shapes.values()]
        dimensions, self.side = len(grids[0]) - 1, max(grid[0] for grid in grids)
        if any(len(grid) - 1 != dimensions or self.side % grid[0] for grid in grids):
            raise ValueError(
                f"latents: {dict(shapes)}, expected grids of one number of dimensions whose sides "
                "divide the largest"
            )
        self.embed = nn.Linear(sum(grid[-1] for grid in grids), width)
        self.blocks = nn.Sequential(
            *(
                VMambaBlock(
                    dimensions,
                    width,
                    expand=expand,
                    states=states,
                    mlp_ratio=mlp_ratio,
                    drop_path=drop_path * place / max(depth - 1, 1),
                    backend=backend,
                )
                for place in range(depth)
            )
        )
        self.norm = nn.LayerNorm(width)
        self.read = nn.Linear(width, classes)

    def forward(self, latent: Latent) -> Tensor:
        """Scores ``(B, classes)`` of standardised latents, one tensor a scale."""
        grids = [z if z.ndim > 2 else z.unsqueeze(1) for z in latent.values()]
        grid = torch.cat([upsample(z, self.side) for z in grids], dim=-1)
        features = self.norm(self.blocks(self.embed(grid)))
        return self.read(features.flatten(1, -2).mean(1))

    def scan_macs(self) -> int:
        """What counters of matrix products do not see of one signal."""
        blocks = [block.scan for block in self.blocks if isinstance(block, VMambaBlock)]
        return sum(scan.scan_macs(self.side ** (scan.directions // 2)) for scan in blocks)
