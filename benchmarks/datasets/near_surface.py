"""Cells next to a shape's surface, by the rule of the published ShapeNet point sets.

The HDF5 files of IM-NET (Chen & Zhang, CVPR 2019) store 16,384 points a shape. They walk the inner
cells in an interleaved order and take those whose 3x3x3 neighbourhood holds both values. GEM and
mNIF train and measure on these points.
"""

from __future__ import annotations

import numpy as np

LIMIT = 16_384
STRIDE = 4


def near_surface_mask(voxels: np.ndarray, limit: int = LIMIT) -> np.ndarray:
    """Inner cells whose neighbourhood is not constant, ``(R, R, R)`` bool.

    Args:
        voxels: ``(R, R, R)``, empty where 0 (a bool, integer or floating grid).
        limit: where more cells qualify, the first ones in the interleaved order are kept.

    Raises:
        ValueError: the grid is not a cube, or holds NaN.
    """
    occupied = _occupied(voxels)
    mask = np.zeros(occupied.shape, bool)
    inner = (slice(1, -1),) * 3
    mask[inner] = _any_neighbour(occupied) & _any_neighbour(~occupied)
    if np.count_nonzero(mask) > limit:
        walk = _walk(len(mask))
        kept = walk[mask[tuple(walk.T)]][:limit]
        mask = np.zeros_like(mask)
        mask[tuple(kept.T)] = True
    return mask


def _occupied(voxels: np.ndarray) -> np.ndarray:
    if voxels.ndim != 3 or len(set(voxels.shape)) != 1:
        raise ValueError(f"voxels {voxels.shape}: expected a cube (R, R, R)")
    if np.isnan(voxels).any():
        raise ValueError("voxels: NaN, expected 0 (empty) or another number")
    return voxels != 0


def _any_neighbour(grid: np.ndarray) -> np.ndarray:
    """Whether any of the 27 cells around each inner cell is set, ``(R - 2,) * 3``."""
    for axis in range(3):
        lines = np.moveaxis(grid, axis, 0)
        grid = np.moveaxis(lines[:-2] | lines[1:-1] | lines[2:], 0, axis)
    return grid


def _walk(resolution: int) -> np.ndarray:
    """Indices of the inner cells ``(n, 3)``: each axis in steps of four from 1, 2, 3 and 4.

    The second axis is the slowest, as in the program that made the published files.
    """
    inner = np.arange(1, resolution - 1)
    axis = np.concatenate([inner[first::STRIDE] for first in range(STRIDE)])
    j, i, k = np.meshgrid(axis, axis, axis, indexing="ij")
    return np.stack([i, j, k], axis=-1).reshape(-1, 3)
