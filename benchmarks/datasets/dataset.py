"""A prepared data set: memory-mapped signals of two splits, on one grid."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, ValidationError
from torch import Tensor

from benchmarks.validation import explain
from lift.field import Domain

Kind = Literal["image", "voxel"]


class DatasetError(RuntimeError):
    """A data set that is missing or damaged; the message names the file and what was expected."""


class Manifest(BaseModel):
    """What a prepared data set is, and the hash of each of its arrays."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str
    kind: Kind
    resolution: int
    channels: int
    classes: tuple[str, ...]
    shareable: bool
    up_axis: int
    split_rule: str
    counts: dict[str, int]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    sources: dict[str, str]
    files: dict[str, str]


@dataclass(frozen=True)
class Split:
    """Signals in order.

    ``signals`` is ``(n, R, R, C)`` uint8 for images, 0 to 255, and ``(n, R**3 / 8)`` uint8 for
    voxels: packed bits, most significant first, in row-major order.
    """

    signals: np.ndarray
    labels: np.ndarray | None
    domain: Domain
    kind: Kind
    chosen: np.ndarray

    def __len__(self) -> int:
        return len(self.chosen)

    def batch(self, indices: np.ndarray) -> Tensor:
        """Float32 values ``(B, R**D, C)`` in ``[0, 1]``, the grid in row-major order."""
        raw = np.asarray(self.signals[self.chosen[indices]])
        if self.kind == "voxel":
            raw = np.unpackbits(raw, axis=1, count=self.domain.points)
            return torch.from_numpy(raw).float().unsqueeze(-1)
        flat = torch.from_numpy(raw).reshape(len(raw), self.domain.points, self.domain.channels)
        return flat.float() / 255

    def subset(self, positions: list[int]) -> Split:
        """Some of the signals, without copying them."""
        return Split(self.signals, self.labels, self.domain, self.kind, self.chosen[positions])


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
    def shareable(self) -> bool:
        """Whether its terms allow pictures of its signals."""
        return self.manifest.shareable


def open_prepared(directory: Path) -> Dataset:
    """Opens a prepared data set.

    Raises:
        DatasetError: it is missing, or an array is not what the manifest says.
    """
    path = directory / "manifest.json"
    try:
        manifest = Manifest.model_validate(json.loads(path.read_text()))
    except FileNotFoundError as error:
        raise DatasetError(f"{path}: no such file; prepare {directory.name} first") from error
    except json.JSONDecodeError as error:
        raise DatasetError(f"{path}: damaged ({error}); prepare {directory.name} again") from error
    except ValidationError as error:
        raise DatasetError(f"{path}: {explain(error)}; prepare {directory.name} again") from error
    domain = Domain(3 if manifest.kind == "voxel" else 2, manifest.resolution, manifest.channels)
    return Dataset(
        manifest,
        domain,
        _open_split(directory, manifest, domain, "train"),
        _open_split(directory, manifest, domain, "test"),
    )


def _open_split(directory: Path, manifest: Manifest, domain: Domain, name: str) -> Split:
    count = manifest.counts[name]
    grid = (domain.resolution,) * domain.dimensions
    shape = (
        (count, -(-domain.points // 8))
        if manifest.kind == "voxel"
        else (count, *grid, domain.channels)
    )
    signals = _open_array(directory / f"{name}.npy", shape)
    labels = _open_array(directory / f"{name}.labels.npy", (count,)) if manifest.classes else None
    return Split(signals, labels, domain, manifest.kind, np.arange(count))


def _open_array(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    try:
        array = np.load(path, mmap_mode="r")
    except FileNotFoundError as error:
        raise DatasetError(f"{path}: no such file; prepare the data set again") from error
    except (ValueError, OSError) as error:
        raise DatasetError(f"{path}: damaged ({error}); prepare the data set again") from error
    if array.shape != shape or array.dtype != np.uint8:
        raise DatasetError(
            f"{path}: {array.dtype} {array.shape}, expected uint8 {shape}; prepare again"
        )
    return array
