"""Occupancy grids stored as bits, most significant first, in row-major order."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

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
