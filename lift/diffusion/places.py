"""Places within LIFT's regions, told apart in their latents: the cells of a finer grid.

What a region draws follows its latent nearly linearly. Turned so that channels belong to places,
the latent of a signal looks like a small picture, and convolutions share kernels within regions.
"""

from __future__ import annotations

import torch
from torch import Tensor

from lift.model import LIFT


def apart(changes: Tensor, channels: int) -> Tensor:
    """The rotation ``(d, n channels)`` of a region's latent that tells its places apart.

    The same patterns of values are looked for in every place: the strongest that latents draw
    there, on average over places. Their amplitudes as the latent changes are linear in it, and the
    nearest rotation to that map (polar decomposition) gives each place its channels.

    Args:
        changes: ``(n, v, d)``, how the ``v`` values of each place follow the latent, where steps
            of one length change values alike; ``n channels`` is ``d``.
    """
    strength = torch.einsum("pvd,pwd->vw", changes, changes)
    patterns = torch.linalg.eigh(strength)[1][:, -channels:]
    amplitudes = torch.einsum("pvd,vc->pcd", changes, patterns).flatten(0, 1)
    left, _, right = torch.linalg.svd(amplitudes)
    return (left @ right).T


def places_shape(field: LIFT, places: int) -> tuple[int, ...]:
    """Of what is seen of one signal, ``(P, ..., P, d)``, with so many places along a region's axis.

    Raises:
        ValueError: a region does not divide into them.
    """
    axes, channels = field.domain.dimensions, field.fused_channels
    side = field.domain.resolution // field.regions_per_axis
    values = (side // places) ** axes * field.domain.channels
    if places > 1 and (
        side % places or channels % places**axes or channels // places**axes > values
    ):
        raise ValueError(
            f"places: {places} along each axis of a region of {side} points and {channels} "
            "channels; expected a number that divides both, and no more channels than values in "
            "each place"
        )
    return (*[field.regions_per_axis * places] * axes, channels // places**axes)


def unfolded(regions: Tensor, places: int) -> Tensor:
    """Regions ``(B, P, ..., P, n d)`` as places ``(B, P places, ..., P places, d)``.

    A region's places are in row-major order.
    """
    axes = regions.ndim - 2
    split = regions.unflatten(-1, (*[places] * axes, -1))
    pairs = [axis for first in range(1, axes + 1) for axis in (first, first + axes)]
    grid = split.permute(0, *pairs, 2 * axes + 1)
    for axis in range(1, axes + 1):
        grid = grid.flatten(axis, axis + 1)
    return grid


def folded(grid: Tensor, places: int) -> Tensor:
    """The inverse of `unfolded`."""
    axes = grid.ndim - 2
    for axis in range(axes, 0, -1):
        grid = grid.unflatten(axis, (-1, places))
    firsts = range(1, 2 * axes + 1, 2)
    regions = grid.permute(0, *firsts, *(axis + 1 for axis in firsts), 2 * axes + 1)
    return regions.flatten(axes + 1)


def of_places(field: LIFT, changes: Tensor, places: int) -> Tensor:
    """A `jacobian` by place of a region, the mean of all regions, ``(n, v, d)``."""
    axes = field.domain.dimensions
    side = field.domain.resolution // field.regions_per_axis
    by_region = folded(changes.flatten(0, 1), side)  # (d B, P, ..., P, values of a region)
    mean = by_region.unflatten(0, changes.shape[:2]).flatten(1, -2).mean(1)
    values = mean.unflatten(-1, (*[side] * axes, -1))  # (d, s, ..., s, C)
    return folded(values, side // places).flatten(1, axes).permute(1, 2, 0)
