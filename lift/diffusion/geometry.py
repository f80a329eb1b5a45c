"""What a denoiser sees of a latent, and the way back to something that a field renders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from lift.diffusion.config import GeometryName
from lift.diffusion.fused import EPSILON, drawn, fusing
from lift.field import Latent, NeuralField
from lift.functaset import Functaset
from lift.hierarchy import upsample


class Geometry(Protocol):
    """A view of latents with mean 0 and mean square 1."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one signal: ``(d,)`` for vectors, ``(P, ..., P, d)`` for grids."""

    def see(self, latent: Latent) -> Tensor:
        """``(B, *shape)`` that a denoiser is trained on."""

    def latent(self, seen: Tensor) -> Latent:
        """A latent that the field renders, from ``(B, *shape)``."""


@dataclass(frozen=True)
class Scales:
    """Every scale, enlarged to the finest grid and concatenated; one vector stays a vector.

    On the way back a coarse cell is the mean of the fine cells that cover it, so
    ``latent(see(z))`` is ``z``.

    Args:
        shapes: of each scale, ``(d,)`` or ``(s, ..., s, d)``, in the order of concatenation.
        mean, std: ``(d,)`` of each scale.
    """

    shapes: dict[str, tuple[int, ...]]
    mean: dict[str, Tensor]
    std: dict[str, Tensor]

    @property
    def shape(self) -> tuple[int, ...]:
        finest = max(self.shapes.values(), key=lambda shape: shape[:-1])
        return (*finest[:-1], sum(shape[-1] for shape in self.shapes.values()))

    def see(self, latent: Latent) -> Tensor:
        parts = []
        for name in self.shapes:
            mean, std = (each[name].to(latent[name].device) for each in (self.mean, self.std))
            part = (latent[name] - mean) / (std + EPSILON)
            parts.append(upsample(part, self.shape[0]))
        return torch.cat(parts, dim=-1)

    def latent(self, seen: Tensor) -> Latent:
        channels = [shape[-1] for shape in self.shapes.values()]
        latent = {}
        for (name, shape), part in zip(
            self.shapes.items(), seen.split(channels, dim=-1), strict=True
        ):
            mean, std = self.mean[name].to(seen.device), self.std[name].to(seen.device)
            latent[name] = average_cells(part, shape[:-1]) * (std + EPSILON) + mean
        return latent


def average_cells(grid: Tensor, cells: tuple[int, ...]) -> Tensor:
    """Block means ``(B, *cells, d)`` of a finer grid ``(B, P, ..., P, d)``."""
    for axis, size in enumerate(cells, start=1):
        grid = grid.unflatten(axis, (size, -1)).mean(axis + 1)
    return grid


def geometry_of(
    name: GeometryName, field: NeuralField, functaset: Functaset, places: int = 1
) -> Geometry:
    """The view of a functaset's training latents, by their statistics.

    Args:
        places: of fused latents, along each axis of a region.

    Raises:
        ValueError: ``fused`` for a field that has no latent generator, or places that a region
            does not divide into.
    """
    if name == "scales":
        shapes = {key: tuple(z.shape[1:]) for key, z in field.zero_latent(1).items()}
        return Scales(shapes, functaset.mean, functaset.std)
    return drawn(fusing(field), functaset, places)
