"""Augmented copies of a split: the changes that keep a signal's class, drawn once a copy.

Copy 0 is the original. Images: four black pixels around, a random crop of the old size, and a flip
of left and right in half of them (the protocol of Spatial Functa's classifier). Voxels: a random
quarter turn about the up axis and a mirror image in half of them (chosen: shapes stand upright, and
a mirrored chair is a chair).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from benchmarks.datasets.dataset import Kind
from lift.field import Domain

PADDING = 4


@dataclass(frozen=True)
class Augmentation:
    """The random changes of one copy of ``count`` signals.

    What happens to a signal depends on the seed, the copy and its position alone, so it is the same
    in batches of any size.
    """

    domain: Domain
    kind: Kind
    up_axis: int
    count: int
    seed: int

    def apply(self, values: Tensor, positions: np.ndarray, copy: int) -> Tensor:
        """Changed signals ``(B, R**D, C)``.

        Args:
            values: ``(B, R**D, C)`` in ``[0, 1]``, the signals at ``positions``.
            copy: 0 changes nothing.
        """
        if copy == 0:
            return values
        rng = np.random.default_rng((self.seed, copy))
        draws = rng.integers(0, 2**31, (self.count, 3))[positions]
        grids = values.reshape(
            len(values), *[self.domain.resolution] * self.domain.dimensions, self.domain.channels
        )
        change = crop_and_flip if self.kind == "image" else self._turn
        changed = [change(grid, draw) for grid, draw in zip(grids, draws, strict=True)]
        return torch.stack(changed).reshape(values.shape)

    def _turn(self, grid: Tensor, draw: np.ndarray) -> Tensor:
        """``(R, R, R, C)`` turned about the up axis by a quarter turn or more, and mirrored."""
        across, along = (axis for axis in range(3) if axis != self.up_axis)
        turned = torch.rot90(grid, int(draw[0]) % 4, (across, along))
        return turned.flip(across) if draw[1] % 2 else turned


def crop_and_flip(grid: Tensor, draw: np.ndarray) -> Tensor:
    """``(R, R, C)`` shifted by up to four pixels each way over black, and flipped in half."""
    side = grid.shape[0]
    padded = torch.nn.functional.pad(grid, (0, 0, PADDING, PADDING, PADDING, PADDING))
    top, left = (int(value) % (2 * PADDING + 1) for value in draw[:2])
    crop = padded[top : top + side, left : left + side]
    return crop.flip(1) if draw[2] % 2 else crop
