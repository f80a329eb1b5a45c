"""The field that is checked: how it is built, and signals, points and latents to try it on."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import skimage
import torch
from PIL import Image
from torch import Tensor

from benchmarks.datasets.sources.embedded_images import crops
from benchmarks.datasets.sources.embedded_voxels import SHAPES, draw
from lift.field import Domain, Latent, NeuralField, Query

POINTS = 48
"""Points of a check that needs no whole grid."""

DEAD = 0.1
"""Share of dead entries that a field may have without an excuse."""


@dataclass(frozen=True)
class Subject:
    """A field to check.

    Args:
        make: builds it, from torch's global generator.
        inner_steps: of an encoding.
        rate: outer Adam step size of the check that trains.
        dead: largest share of all parameters' entries that the outer gradient may leave out.
        excuse: why more than `DEAD` is allowed, as the remark ends.
    """

    make: Callable[[], NeuralField]
    inner_steps: int = 3
    rate: float = 1e-3
    dead: float = DEAD
    excuse: str = ""

    def field(self, dtype: torch.dtype = torch.float32, seed: int = 0) -> NeuralField:
        """A fresh one with the weights of a seed."""
        with torch.random.fork_rng(devices=()):
            torch.manual_seed(seed)
            return self.make().to(dtype)

    @property
    def domain(self) -> Domain:
        """Its grid."""
        return self.field().domain

    def signals(self, count: int, dtype: torch.dtype = torch.float32) -> Tensor:
        """Embedded signals on the whole grid, ``(B, R**D, C)``."""
        return embedded_signals(self.domain, count).to(dtype)

    def some(
        self,
        field: NeuralField,
        count: int,
        dtype: torch.dtype = torch.float64,
        points: int = POINTS,
    ) -> tuple[Query, Tensor]:
        """Signals at some points of the grid, located, and their values ``(B, N, C)``."""
        picked = torch.randperm(self.domain.points, generator=generator(1))[:points]
        coords = field.domain.grid()[:, picked].to(dtype)
        return field.locate(coords), self.signals(count, dtype)[:, picked]

    def places(self, dtype: torch.dtype = torch.float64) -> Tensor:
        """Points anywhere in the unit cube, ``(1, N, D)``."""
        shape = (1, POINTS, self.domain.dimensions)
        return torch.rand(shape, generator=generator(2), dtype=torch.float64).to(dtype)

    def latent(self, field: NeuralField, batch: int, seed: int = 3) -> Latent:
        """Random latents of standard deviation 0.1."""
        source = generator(seed)
        return {
            name: 0.1 * torch.randn(zero.shape, generator=source, dtype=torch.float64).to(zero)
            for name, zero in field.zero_latent(batch).items()
        }


def generator(seed: int) -> torch.Generator:
    """Random numbers that leave torch's global generator alone."""
    return torch.Generator().manual_seed(seed)


@functools.cache
def embedded_signals(domain: Domain, count: int) -> Tensor:
    """Crops of a photograph, their rows, or shapes: signals ``(B, R**D, C)`` in ``[0, 1]``."""
    rng, size = np.random.default_rng(0), domain.resolution
    if domain.dimensions == 3:
        names = list(SHAPES)
        grids = [draw(names[i % len(names)], size, rng) for i in range(count)]
        values = torch.from_numpy(np.stack(grids)).float().unsqueeze(-1)
    else:
        path = Path(skimage.__file__).parent / "data" / "chelsea.png"
        photograph = np.asarray(Image.open(path).convert("RGB"))
        pictures = torch.from_numpy(crops(photograph, count, size, rng)) / 255
        values = pictures if domain.dimensions == 2 else pictures[:, size // 2]
    values = values[..., torch.arange(domain.channels) % values.shape[-1]]
    return values.reshape(count, domain.points, domain.channels)
