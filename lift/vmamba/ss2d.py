"""SS2D of VMamba (Liu et al., arXiv 2401.10166), on grids of one, two or three dimensions.

A grid is scanned along each of its axes, there and back: two directions in 1-D, the paper's four
in 2-D, six in 3-D. Letters: B batch, D dimensions, P cells an axis, L = P**D cells, E inner
channels, K = 2 D directions, N states.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from lift.convolutions import CONVOLUTIONS
from lift.vmamba.scan import Backend, selective_scan

STEP_RANGE = (1e-3, 1e-1)  # of softplus(delta) before training, as Mamba


def cross_scan(grid: Tensor) -> Tensor:
    """Sequences ``(B, K, E, L)`` of a grid ``(B, E, P, ..., P)``.

    Direction ``d`` runs along axis ``D - 1 - d`` fastest (row-major first), and direction ``D + d``
    is its reverse.
    """
    axes = range(grid.ndim - 1, 1, -1)
    there = torch.stack([grid.movedim(axis, -1).flatten(2) for axis in axes], dim=1)
    return torch.cat([there, there.flip(-1)], dim=1)


def cross_merge(sequences: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Sums what the directions say about each cell: ``(B, K, E, L)`` to ``(B, E, P, ..., P)``.

    Args:
        shape: ``(P, ..., P)`` of the grid.
    """
    there, back = sequences.chunk(2, dim=1)
    merged = there + back.flip(-1)
    total: Tensor | None = None
    for direction, axis in enumerate(range(len(shape) - 1, -1, -1)):
        moved = [size for other, size in enumerate(shape) if other != axis] + [shape[axis]]
        grid = merged[:, direction].unflatten(-1, moved).movedim(-1, axis + 2)
        total = grid if total is None else total + grid
    assert total is not None
    return total


class SS2D(nn.Module):
    """Linear, depthwise convolution, selective scan in every direction, norm, linear.

    As VMamba's newer variants: no gate. Step sizes have a rank of ``ceil(width / 16)``, as there.

    Args:
        dimensions: D of the grid.
        width: channels of input and output.
        expand: E / width.
        states: N.
        backend: of the scan.
    """

    def __init__(
        self, dimensions: int, width: int, *, expand: float, states: int, backend: Backend = "auto"
    ) -> None:
        super().__init__()
        inner, directions = round(expand * width), 2 * dimensions
        self.states, self.rank, self.directions = states, math.ceil(width / 16), directions
        self.backend: Backend = backend
        self.enter = nn.Linear(width, inner, bias=False)
        self.convolution = CONVOLUTIONS[dimensions](inner, inner, 3, padding=1, groups=inner)
        bound = inner**-0.5
        self.select = nn.Parameter(
            torch.empty(directions, self.rank + 2 * states, inner).uniform_(-bound, bound)
        )
        bound = self.rank**-0.5
        self.steps = nn.Parameter(torch.empty(directions, inner, self.rank).uniform_(-bound, bound))
        # Vectors, so that weight decay leaves them alone, as Mamba does.
        low, high = (math.log(value) for value in STEP_RANGE)
        first = torch.empty(directions * inner).uniform_(low, high).exp()
        self.step_bias = nn.Parameter(first + torch.log(-torch.expm1(-first)))  # softplus inverted
        decays = torch.arange(1, states + 1, dtype=torch.get_default_dtype())
        self.log_decay = nn.Parameter(decays.log().repeat(directions * inner))
        self.skip = nn.Parameter(torch.ones(directions * inner))
        self.norm = nn.LayerNorm(inner)
        self.leave = nn.Linear(inner, width, bias=False)

    def forward(self, grid: Tensor) -> Tensor:
        """``(B, P, ..., P, width)`` to the same shape."""
        inner = self.enter(grid).movedim(-1, 1)
        inner = functional.silu(self.convolution(inner))
        sequences = cross_scan(inner)
        selected = self.select @ sequences  # (B, K, rank + 2 N, L)
        low_rank, B, C = selected.split([self.rank, self.states, self.states], dim=2)
        delta = self.steps @ low_rank
        # The recurrence is in float32 under autocast too: errors would add up along it.
        exact = torch.promote_types(torch.float32, grid.dtype)
        scanned = selective_scan(
            sequences.flatten(1, 2).to(exact),
            delta.flatten(1, 2).to(exact),
            -torch.exp(self.log_decay.to(exact)).reshape(-1, self.states),
            B.to(exact),
            C.to(exact),
            self.skip.to(exact),
            self.step_bias.to(exact),
            backend=self.backend,
        )
        merged = cross_merge(scanned.unflatten(1, (self.directions, -1)), tuple(grid.shape[1:-1]))
        return self.leave(self.norm(merged.movedim(1, -1)))

    def scan_macs(self, cells: int) -> int:
        """The scan's cost on ``cells`` cells, by VMamba's estimate: 9 a state and 1 for the skip.

        fvcore does not see it: a recurrence has no matrix product.
        """
        channels = len(self.skip)
        return cells * channels * (9 * self.states + 1)
