"""Coordinates in ``[-1, 1]`` as mNIF and GEM train at them."""

from __future__ import annotations

from torch import Tensor

from lift.field import Domain

VOXEL_LATTICE = 256
"""Cells a side of the lattice that voxels were published on, whatever grid is fitted."""


def published_coordinates(coords: Tensor, domain: Domain) -> Tensor:
    """Unit-cube coordinates as the released codes see them: one convention a kind of signal.

    Images, their corners included: pixel ``i`` of R sits at ``x = (i + 1/2) / R`` here and at
    ``2 i / (R - 1) - 1`` there, hence ``2 (x R - 1/2) / (R - 1) - 1``; one pixel maps to 0.

    Voxels: cell ``i`` of the lattice of 256 sits at ``x = (i + 1/2) / 256`` here and at
    ``(i + 1) / 128 - 1`` there, hence ``2 x - 1 + 1/256``, on every grid.

    Args:
        coords: ``(..., D)`` in ``[0, 1]``.
        domain: of the grid that the method was trained on.
    """
    if domain.dimensions == 3:
        return 2 * coords - 1 + 1 / VOXEL_LATTICE
    if domain.resolution == 1:
        return coords * 0
    return 2 * (coords * domain.resolution - 0.5) / (domain.resolution - 1) - 1
