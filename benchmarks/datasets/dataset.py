"""A prepared data set: memory-mapped signals of two splits, on one grid."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, PositiveInt, ValidationError
from torch import Tensor

from benchmarks.datasets.errors import DatasetError, cause
from benchmarks.settings.reading import explain
from lift.field import Domain

Kind = Literal["image", "voxel"]
LATTICE = 256
"""Stored points near a surface are indices in a lattice of so many cells a side."""

BYTE_VALUES = (
    np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).astype(np.float32).view("V32")
).reshape(256)
"""The eight float32 values of each byte of bits: one look-up is 2.5 times as fast as unpacking and
then converting."""


class Manifest(BaseModel):
    """What a prepared data set is, and the hash of each of its arrays."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str
    kind: Kind
    resolution: PositiveInt
    channels: PositiveInt
    classes: tuple[str, ...]
    shareable: bool
    up_axis: int
    split_rule: str
    counts: dict[str, PositiveInt]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    sources: dict[str, str]
    files: dict[str, str]


@dataclass(frozen=True)
class Split:
    """Signals in order.

    ``signals`` is ``(n, R, R, C)`` uint8 for images, 0 to 255, and ``(n, R**3 / 8)`` uint8 for
    voxels: packed bits, most significant first, in row-major order. ``labels``, ``points``
    ``(n, P, 3)`` (indices in the lattice) and ``values`` ``(n, P, 1)`` are None where there are
    none. ``chosen`` are the rows of all these that belong to the split.
    """

    signals: np.ndarray
    all_labels: np.ndarray | None
    domain: Domain
    kind: Kind
    chosen: np.ndarray
    points: np.ndarray | None = None
    values: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.chosen)

    @property
    def labels(self) -> np.ndarray | None:
        """Class of each signal ``(len(self),)`` uint8."""
        return None if self.all_labels is None else self.all_labels[self.chosen]

    def batch(self, indices: np.ndarray | Sequence[int]) -> Tensor:
        """Float32 values ``(B, R**D, C)`` in ``[0, 1]``, the grid in row-major order."""
        raw = np.asarray(self.signals[self.chosen[indices]])
        if self.kind == "voxel":
            values = np.take(BYTE_VALUES, raw).view(np.float32)[:, : self.domain.points]
            return torch.from_numpy(values).unsqueeze(-1)
        flat = torch.from_numpy(raw).reshape(len(raw), self.domain.points, self.domain.channels)
        return flat.float().div_(255)

    def images(self) -> np.ndarray:
        """All signals of an image data set, ``(n, R, R, C)`` uint8."""
        return np.asarray(self.signals[self.chosen])

    def subset(self, positions: Sequence[int] | np.ndarray | int) -> Split:
        """Some of the signals, without copying them; a count takes evenly spaced ones."""
        if isinstance(positions, int):
            positions = np.rint(np.linspace(0, len(self) - 1, positions)).astype(int)
        return Split(
            self.signals,
            self.all_labels,
            self.domain,
            self.kind,
            self.chosen[positions],
            self.points,
            self.values,
        )

    def near_surface(self, indices: np.ndarray | Sequence[int]) -> tuple[Tensor, Tensor]:
        """The points near the surface that the data set publishes with its voxel signals.

        Returns:
            coordinates ``(B, P, 3)`` in ``[0, 1]`` and occupancy ``(B, P, 1)``, both float32.
        """
        assert self.points is not None
        assert self.values is not None
        rows = self.chosen[indices]
        stored = torch.from_numpy(np.asarray(self.points[rows])).float()
        return (stored + 0.5) / LATTICE, torch.from_numpy(np.asarray(self.values[rows])).float()


@dataclass(frozen=True)
class Dataset:
    """A prepared data set."""

    manifest: Manifest
    domain: Domain
    train: Split
    test: Split

    @property
    def name(self) -> str:
        return self.manifest.name

    @property
    def title(self) -> str:
        """How tables name it."""
        return self.manifest.title

    @property
    def kind(self) -> Kind:
        return self.manifest.kind

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes; none where signals have no labels."""
        return self.manifest.classes

    @property
    def shareable(self) -> bool:
        """Whether its terms allow pictures of its signals."""
        return self.manifest.shareable


def open_prepared(directory: Path) -> Dataset:
    """Opens a prepared data set.

    Raises:
        DatasetError: it is missing, or an array is not what the manifest says.
    """
    path = directory / "manifest.json"
    again = f"prepare {directory.name} again"
    try:
        manifest = Manifest.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise DatasetError(f"{path}: no such file; prepare {directory.name} first") from error
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise DatasetError(f"{path}: damaged ({cause(error)}); {again}") from error
    except OSError as error:
        raise DatasetError(f"{path}: {error.strerror}; {again}") from error
    except ValidationError as error:
        raise DatasetError(f"{path}: {explain(error)}; {again}") from error
    if set(manifest.counts) != {"train", "test"}:
        raise DatasetError(f"{path}: counts of {', '.join(manifest.counts)}; {again}")
    domain = Domain(3 if manifest.kind == "voxel" else 2, manifest.resolution, manifest.channels)
    train, test = (_open_split(directory, manifest, domain, name) for name in ("train", "test"))
    return Dataset(manifest, domain, train, test)


def _open_split(directory: Path, manifest: Manifest, domain: Domain, name: str) -> Split:
    count = manifest.counts[name]
    grid = (domain.resolution,) * domain.dimensions
    shape = (-(-domain.points // 8),) if manifest.kind == "voxel" else (*grid, domain.channels)
    signals = _open_array(directory / f"{name}.npy", (count, *shape))
    labels = _open_array(directory / f"{name}.labels.npy", (count,)) if manifest.classes else None
    points = values = None
    if f"{name}.points.npy" in manifest.files:
        points = _open_array(directory / f"{name}.points.npy", (count, None, 3))
        values = _open_array(directory / f"{name}.values.npy", (*points.shape[:2], 1))
    return Split(signals, labels, domain, manifest.kind, np.arange(count), points, values)


def _open_array(path: Path, shape: tuple[int | None, ...]) -> np.ndarray:
    """A memory-mapped uint8 array; None in ``shape`` takes any size."""
    try:
        array = np.lib.format.open_memmap(path, mode="r")
    except FileNotFoundError as error:
        raise DatasetError(f"{path}: no such file; prepare the data set again") from error
    except Exception as error:  # a damaged header raises almost anything
        raise DatasetError(
            f"{path}: damaged ({cause(error)}); prepare the data set again"
        ) from error
    fits = len(array.shape) == len(shape) and all(
        wanted in (None, found) for found, wanted in zip(array.shape, shape, strict=True)
    )
    if not fits or array.dtype != np.uint8:
        raise DatasetError(
            f"{path}: {array.dtype} {array.shape}, expected uint8 {shape}; prepare again"
        )
    if path.stat().st_size != array.offset + array.nbytes:
        raise DatasetError(
            f"{path}: {path.stat().st_size} bytes, expected {array.offset + array.nbytes}; "
            "prepare again"
        )
    return array
