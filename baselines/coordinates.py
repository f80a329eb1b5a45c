"""Coordinates of methods that sample the grid with its corners included."""

from __future__ import annotations

from torch import Tensor


def corners_included(coords: Tensor, resolution: int) -> Tensor:
    """Unit-cube coordinates to ``[-1, 1]``, whose ends are the first and the last pixel's centre.

    Pixel ``i`` of R sits at ``x = (i + 1/2) / R`` here and at ``2 i / (R - 1) - 1`` there, hence
    ``2 (x R - 1/2) / (R - 1) - 1``. A grid of one pixel maps to 0.

    Args:
        coords: ``(..., D)`` in ``[0, 1]``; those beyond the outermost centres fall outside.
        resolution: R, of the grid that the method was trained on.
    """
    if resolution == 1:
        return coords * 0
    return 2 * (coords * resolution - 0.5) / (resolution - 1) - 1
