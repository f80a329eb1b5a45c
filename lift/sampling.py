"""Which signals and which points a training step sees: pure functions of the seed and the step.

Nothing here keeps state, so a resumed run draws what an uninterrupted one would have drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray

from lift.field import Domain

Indices = NDArray[np.int64]
POINTS_AT_ONCE = 16_384
"""Points that a CPU evaluates at once. Activations of more leave its caches, and those of over 32
MiB go back to the system after every operation: at 8 signals of 32³ points that took two thirds of
the time (embedded voxels, Spatial Functa: 75 s against 27)."""


@lru_cache(maxsize=2)
def _epoch_order(count: int, seed: int, epoch: int) -> Indices:
    return np.random.default_rng((seed, epoch)).permutation(count)


def batch_indices(step: int, batch: int, count: int, seed: int) -> Indices:
    """The signals of one step, ``(batch,)``: shuffled epochs, whose last partial batch is dropped.

    Where there are fewer signals than a batch holds, every step takes them all.
    """
    per_epoch = max(count // batch, 1)
    epoch, position = divmod(step, per_epoch)
    return _epoch_order(count, seed, epoch)[position * batch : (position + 1) * batch]


def ordered_batches(count: int, batch: int) -> Iterator[tuple[Indices, int]]:
    """All signals in order, in batches of one size, so that compiled code sees one shape.

    Yields:
        ``(batch,)`` indices, and how many of them count: the last batch repeats its last signal.
    """
    size = max(1, min(batch, count))
    for first in range(0, count, size):
        indices = np.arange(first, first + size)
        yield np.minimum(indices, count - 1), min(size, count - first)


def signals_at_once(domain: Domain, device: torch.device, most: int) -> int:
    """Whole signals to take at a time: ``most``, but on a CPU as many as suit its memory."""
    if device.type != "cpu":
        return most
    return max(1, min(most, POINTS_AT_ONCE // domain.points))


def jittered_points(domain: Domain, stride: int, step: int, seed: int) -> Indices:
    """One random point in every ``stride**D`` block of the grid, as row-major indices.

    Jittered sampling covers the domain evenly, so every region of a partition whose cells the
    blocks divide gets the same number of points.

    Raises:
        ValueError: the stride does not divide the resolution.
    """
    if domain.resolution % stride:
        raise ValueError(
            f"stride: {stride} does not divide the resolution {domain.resolution}; "
            "expected a divisor"
        )
    blocks = domain.resolution // stride
    shape = (blocks,) * domain.dimensions
    rng = np.random.default_rng((seed, step, stride))
    corner = np.indices(shape) * stride
    axes = corner + rng.integers(0, stride, size=corner.shape)
    return np.ravel_multi_index(tuple(axes), (domain.resolution,) * domain.dimensions).reshape(-1)
