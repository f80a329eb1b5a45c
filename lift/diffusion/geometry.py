"""What a denoiser sees of a latent, and the way back to something that a field renders."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from lift.diffusion.config import GeometryName
from lift.field import Latent, NeuralField
from lift.functaset import Functaset
from lift.hierarchy import upsample
from lift.model import LIFT

EPSILON = 1e-8
"""Added to standard deviations, as mNIF: a channel that never varies stays finite."""
FUSED_AT_ONCE = 256


class Geometry(Protocol):
    """A standardised view of latents."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one signal: ``(d,)`` for vectors, ``(P, ..., P, d)`` for grids."""

    def see(self, latent: Latent) -> Tensor:
        """Standardised ``(B, *shape)`` that a denoiser is trained on."""

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


@dataclass(frozen=True)
class Fused:
    """LIFT's fused latent Z-alpha, which its generator's last layer turns into shifts.

    Where the generator has rectifiers Z-alpha is never negative, and a sample is cut at zero.
    """

    field: LIFT
    mean: Tensor
    std: Tensor

    @property
    def shape(self) -> tuple[int, ...]:
        cells = self.field.regions_per_axis
        return (*[cells] * self.field.domain.dimensions, len(self.mean))

    def see(self, latent: Latent) -> Tensor:
        device = next(iter(latent.values())).device.type
        # Z-alpha lies many deviations from zero: bfloat16 products would round a part of one away.
        with torch.no_grad(), torch.autocast(device, enabled=False):
            fused = self.field.generator.fuse(latent)
        return (fused - self.mean.to(fused.device)) / (self.std.to(fused.device) + EPSILON)

    def latent(self, seen: Tensor) -> Latent:
        fused = seen * (self.std.to(seen.device) + EPSILON) + self.mean.to(seen.device)
        return {"fused": self.field.generator.activation(fused)}


def average_cells(grid: Tensor, cells: tuple[int, ...]) -> Tensor:
    """Block means ``(B, *cells, d)`` of a finer grid ``(B, P, ..., P, d)``."""
    for axis, size in enumerate(cells, start=1):
        grid = grid.unflatten(axis, (size, -1)).mean(axis + 1)
    return grid


def geometry_of(name: GeometryName, field: NeuralField, functaset: Functaset) -> Geometry:
    """The view of a functaset's training latents, standardised by their statistics.

    Raises:
        ValueError: ``fused`` for a field that has no latent generator.
    """
    if name == "scales":
        shapes = {key: tuple(z.shape[1:]) for key, z in field.zero_latent(1).items()}
        return Scales(shapes, functaset.mean, functaset.std)
    if not isinstance(field, LIFT):
        raise ValueError(
            f"geometry: {name!r} for a {type(field).__name__}; expected 'scales', only LIFT fuses"
        )
    return fused_geometry(field, functaset)


def fused_geometry(field: LIFT, functaset: Functaset) -> Fused:
    """Z-alpha with the statistics of the training latents, over signals and cells."""
    sums, count = torch.zeros(2, field.fused_channels, dtype=torch.float64), 0
    alike = field.generator.modulate.weight  # copies for classifiers are stored in half precision
    signals = len(next(iter(functaset.splits["train"].values())))
    for batch in np.array_split(np.arange(signals), math.ceil(signals / FUSED_AT_ONCE)):
        latent = functaset.latent("train", batch)
        with torch.no_grad():
            fused = field.generator.fuse({key: z.to(alike) for key, z in latent.items()}).cpu()
        flat = fused.flatten(0, -2).double()
        sums += torch.stack([flat.sum(0), flat.square().sum(0)])
        count += len(flat)
    mean = sums[0] / count
    variance = (sums[1] / count - mean.square()).clamp(min=0) * count / max(count - 1, 1)
    return Fused(field, mean.float(), variance.sqrt().float())
