"""What a classifier reads: stored latents, or pixels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from benchmarks.datasets.augmentation import Augmentation
from benchmarks.datasets.dataset import Dataset, Split
from benchmarks.datasets.labels import class_labels
from benchmarks.records.result import SplitName
from lift.diffusion.geometry import Geometry
from lift.field import Latent
from lift.functaset import Functaset
from lift.sampling import Indices, batch_indices


class Inputs(Protocol):
    """Labelled signals in the form that a classifier takes them: one tensor a name, batch first."""

    @property
    def labels(self) -> Mapping[SplitName, Tensor]:
        """Class of each signal of each split, ``(n,)`` int64."""

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Of one signal, by name."""

    def training_batch(self, step: int, batch: int, seed: int) -> tuple[Latent, Tensor]:
        """Changed training signals and their classes, a function of the seed and the step."""

    def originals(self, split: SplitName, rows: Indices) -> Latent:
        """Unchanged signals of a split."""


@dataclass(frozen=True)
class Scaling:
    """``(signal - mean) / std`` by name, each ``(d,)`` or a number."""

    mean: Mapping[str, Tensor]
    std: Mapping[str, Tensor]

    def __call__(self, signal: Latent) -> Latent:
        return {
            name: (z.float() - self.mean[name].to(z.device)) / self.std[name].to(z.device)
            for name, z in signal.items()
        }


def latent_scaling(functaset: Functaset, divide_by: float | None) -> Scaling:
    """Division by a constant, or standardisation of each channel by the training latents."""
    if divide_by is not None:
        constant = {name: torch.tensor(divide_by) for name in functaset.std}
        return Scaling({name: torch.tensor(0.0) for name in constant}, constant)
    return Scaling(
        {name: mean.float() for name, mean in functaset.mean.items()},
        {name: std.float().clamp_min(1e-8) for name, std in functaset.std.items()},
    )


@dataclass(frozen=True)
class FusedScaling:
    """LIFT's fused latent ``(B, P, ..., P, d)`` alone, each channel standardised."""

    geometry: Geometry

    def __call__(self, signal: Latent) -> Latent:
        return {"fused": self.geometry.see({name: z.float() for name, z in signal.items()})}


@dataclass(frozen=True)
class StoredLatents:
    """The first ``copies`` copies of the training latents, and originals of the other splits."""

    functaset: Functaset
    labels: Mapping[SplitName, Tensor]
    copies: int
    scaling: Callable[[Latent], Latent]

    def shapes(self) -> dict[str, tuple[int, ...]]:
        one = self.originals("train", np.array([0]))
        return {name: tuple(z.shape[1:]) for name, z in one.items()}

    def training_batch(self, step: int, batch: int, seed: int) -> tuple[Latent, Tensor]:
        labels = self.labels["train"]
        rows = batch_indices(step, batch, self.copies * len(labels), seed)
        return self.originals("train", rows), labels[rows % len(labels)]

    def originals(self, split: SplitName, rows: Indices) -> Latent:
        return self.scaling(self.functaset.latent(split, rows))


@dataclass(frozen=True)
class Pixels:
    """Signals of the grid itself; a new copy of each in every epoch."""

    splits: Mapping[SplitName, Split]
    labels: Mapping[SplitName, Tensor]
    augmentation: Augmentation
    scaling: Scaling

    def shapes(self) -> dict[str, tuple[int, ...]]:
        domain = self.augmentation.domain
        return {"pixels": (*(domain.resolution,) * domain.dimensions, domain.channels)}

    def training_batch(self, step: int, batch: int, seed: int) -> tuple[Latent, Tensor]:
        labels = self.labels["train"]
        rows, values = changed_signals(self.splits["train"], self.augmentation, step, batch, seed)
        return self._grids(values), labels[rows]

    def originals(self, split: SplitName, rows: Indices) -> Latent:
        return self._grids(self.splits[split].batch(rows))

    def _grids(self, values: Tensor) -> Latent:
        return self.scaling({"pixels": values.unflatten(1, self.shapes()["pixels"][:-1])})


def changed_signals(
    split: Split, augmentation: Augmentation, step: int, batch: int, seed: int
) -> tuple[Indices, Tensor]:
    """The rows of a step, and their signals ``(B, R**D, C)`` changed as in the epoch's copy."""
    rows = batch_indices(step, batch, len(split), seed)
    epoch = step // max(len(split) // batch, 1)
    return rows, augmentation.apply(split.batch(rows), rows, epoch + 1)


def split_labels(splits: Mapping[SplitName, Split]) -> dict[SplitName, Tensor]:
    """Class of each signal of each split, ``(n,)`` int64."""
    return {name: class_labels(split) for name, split in splits.items()}


def augmentation_of(dataset: Dataset, count: int, seed: int) -> Augmentation:
    """The changes of a data set's training signals."""
    manifest = dataset.manifest
    return Augmentation(dataset.domain, manifest.kind, manifest.up_axis, count, seed)


def vectors(inputs: Inputs, split: SplitName) -> np.ndarray:
    """Unchanged signals of a split as vectors ``(n, d)`` float32."""
    rows = np.arange(len(inputs.labels[split]))
    signal = inputs.originals(split, rows)
    return torch.cat([z.flatten(1) for z in signal.values()], dim=1).numpy()
