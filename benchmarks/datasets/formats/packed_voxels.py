"""Occupancy grids stored as bits, most significant first, in row-major order."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.datasets.errors import DatasetError

CHUNK = 64


def unpacked(
    bits: np.ndarray, rows: np.ndarray, resolution: int, start: int
) -> Iterator[np.ndarray]:
    """Grids ``(n, R, R, R)`` uint8 of zeros and ones, from entry ``start`` of ``rows`` on.

    Args:
        bits: ``(m, R**3 / 8)`` uint8.
        rows: which of the ``m`` grids, in order.
    """
    for first in range(start, len(rows), CHUNK):
        grids = np.unpackbits(bits[rows[first : first + CHUNK]], axis=1, count=resolution**3)
        yield grids.reshape(-1, *(resolution,) * 3)


def check_packed(bits: np.ndarray, resolution: int, path: Path) -> None:
    """Refuses what is not bits of grids at this resolution.

    Raises:
        DatasetError: naming the file, what it holds, and what was expected.
    """
    row = -(-(resolution**3) // 8)
    if bits.dtype != np.uint8 or bits.ndim != 2 or bits.shape[1] != row:
        raise DatasetError(
            f"{path}: bits of {bits.dtype} {bits.shape}, expected uint8 (n, {row}) for "
            f"{resolution} voxels a side"
        )
