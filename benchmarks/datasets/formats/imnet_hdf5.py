"""One HDF5 file in the layout of IM-NET: ``voxels``, ``points_64``, ``values_64``."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import h5py
import numpy as np

from benchmarks.datasets.dataset import LATTICE
from benchmarks.datasets.errors import DatasetError
from benchmarks.datasets.formats.reading import missing, reading
from benchmarks.datasets.formats.voxel_files import check_voxels
from benchmarks.datasets.raw import RawRows, RawSplit

CHUNK = 64
MOST_POINTS = 1 << 18
"""Points of one shape; the published files have 16,384."""


def shapes(path: Path, resolution: int) -> RawSplit:
    """The shapes of one file, with the points near their surface where it has them.

    ``voxels`` is ``(n, R, R, R, 1)`` or ``(n, R, R, R)`` of zeros and ones, ``points_64``
    ``(n, P, 3)`` uint8 indices in a lattice of 256 a side, ``values_64`` ``(n, P, 1)``.

    Raises:
        DatasetError: the file is missing, truncated, or lacks the voxels.
    """
    voxels, points, values = (_shape(path, name) for name in ("voxels", "points_64", "values_64"))
    if voxels is None:
        raise DatasetError(f"{path}: no field voxels, expected one; it has {_fields(path)}")
    if voxels[1:] not in ((resolution,) * 3, (*(resolution,) * 3, 1)):
        raise DatasetError(
            f"{path}: voxels {voxels}, a grid of {voxels[1:4]}, expected {(resolution,) * 3}"
        )
    count, extras = voxels[0], {}
    if points is not None and values is not None:
        if len(points) != 3 or points[0] != count or points[2] != 3 or points[1] > MOST_POINTS:
            raise DatasetError(
                f"{path}: points_64 {points}, expected ({count}, P, 3) with at most {MOST_POINTS} "
                "points"
            )
        if values != (count, points[1], 1):
            raise DatasetError(f"{path}: values_64 {values}, expected {(count, points[1], 1)}")
        extras = {
            "points": RawRows((points[1], 3), partial(_whole_numbers, path, "points_64", count)),
            "values": RawRows((points[1], 1), partial(_whole_numbers, path, "values_64", count)),
        }
    return RawSplit(count, partial(_voxels, path, count, resolution), extras=extras)


def _opened(path: Path) -> h5py.File:
    if not path.exists():
        raise missing(path)
    return h5py.File(path, "r")


def _fields(path: Path) -> str:
    with reading(str(path), "HDF5 file"), _opened(path) as file:
        return ", ".join(file) or "none"


def _shape(path: Path, field: str) -> tuple[int, ...] | None:
    """The shape of a field, or None where the file lacks it.

    Raises:
        DatasetError: the file cannot be read, or the field is no list of numbers.
    """
    with reading(str(path), "HDF5 file"), _opened(path) as file:
        if field not in file:
            return None
        entry = file[field]
        if not isinstance(entry, h5py.Dataset) or not entry.shape or entry.dtype.kind not in "biuf":
            kind = f"{entry.dtype} {entry.shape}" if isinstance(entry, h5py.Dataset) else "a group"
            raise DatasetError(f"{path}: {field} is {kind}, expected a list of numbers")
        return entry.shape


def _blocks(path: Path, field: str, count: int, start: int) -> Iterator[tuple[int, np.ndarray]]:
    for first in range(start, count, CHUNK):
        with reading(str(path), f"HDF5 file from {field} {first} on"), _opened(path) as file:
            block = np.asarray(file[field][first : first + CHUNK])
        yield first, block


def _voxels(path: Path, count: int, resolution: int, start: int) -> Iterator[np.ndarray]:
    for first, block in _blocks(path, "voxels", count, start):
        grids = block[..., 0] if block.ndim == 5 else block
        check_voxels(grids, str(path), resolution, first)
        yield grids.astype(np.uint8)


LARGEST = {"points_64": LATTICE - 1, "values_64": 1}


def _whole_numbers(path: Path, field: str, count: int, start: int) -> Iterator[np.ndarray]:
    """Blocks of points or values, as uint8."""
    for first, block in _blocks(path, field, count, start):
        wrong = ~((block >= 0) & (block <= LARGEST[field]) & (block == np.floor(block)))
        if wrong.any():
            place = np.argwhere(wrong)[0]
            raise DatasetError(
                f"{path}: {field} of shape {first + place[0]} holds {block[tuple(place)]}, "
                f"expected whole numbers from 0 to {LARGEST[field]}"
            )
        yield block.astype(np.uint8)
