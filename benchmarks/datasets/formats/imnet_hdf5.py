"""One HDF5 file in the layout of IM-NET: ``voxels``, ``points_64``, ``values_64``."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import h5py
import numpy as np

from benchmarks.datasets.dataset import LATTICE, DatasetError
from benchmarks.datasets.formats.voxel_files import check_voxels
from benchmarks.datasets.raw import RawRows, RawSplit

CHUNK = 64


def shapes(path: Path, resolution: int) -> RawSplit:
    """The shapes of one file, with the points near their surface where it has them.

    ``voxels`` is ``(n, R, R, R, 1)`` or ``(n, R, R, R)`` of zeros and ones, ``points_64``
    ``(n, P, 3)`` uint8 indices in a lattice of 256 a side, ``values_64`` ``(n, P, 1)``.

    Raises:
        DatasetError: the file is missing, truncated, or lacks the voxels.
    """
    with _opened(path) as file:
        if "voxels" not in file:
            raise DatasetError(f"{path}: no field voxels, expected one; it has {', '.join(file)}")
        count = len(file["voxels"])
        fields = {name: file[name].shape for name in ("points_64", "values_64") if name in file}
    extras = {}
    if len(fields) == 2:
        points = fields["points_64"]
        if len(points) != 3 or points[0] != count or points[2] != 3:
            raise DatasetError(f"{path}: points_64 {points}, expected ({count}, P, 3)")
        if fields["values_64"] != (count, points[1], 1):
            raise DatasetError(
                f"{path}: values_64 {fields['values_64']}, expected {(count, points[1], 1)}"
            )
        extras = {
            "points": RawRows((points[1], 3), partial(_points, path, count)),
            "values": RawRows((points[1], 1), partial(_values, path, count)),
        }
    return RawSplit(count, partial(_voxels, path, count, resolution), extras=extras)


def _opened(path: Path) -> h5py.File:
    try:
        return h5py.File(path, "r")
    except FileNotFoundError as error:
        raise DatasetError(f"{path}: no such file; put IM-NET's HDF5 file there") from error
    except OSError as error:
        raise DatasetError(f"{path}: not a complete HDF5 file ({error}); copy it again") from error


def _blocks(path: Path, field: str, count: int, start: int) -> Iterator[tuple[int, np.ndarray]]:
    with _opened(path) as file:
        for first in range(start, count, CHUNK):
            try:
                yield first, file[field][first : first + CHUNK]
            except OSError as error:
                raise DatasetError(
                    f"{path}: {field} {first} cannot be read ({error}); copy it again"
                ) from error


def _voxels(path: Path, count: int, resolution: int, start: int) -> Iterator[np.ndarray]:
    for first, block in _blocks(path, "voxels", count, start):
        grids = block[..., 0] if block.ndim == 5 and block.shape[-1] == 1 else block
        check_voxels(grids, str(path), resolution, first)
        yield grids.astype(np.uint8)


def _points(path: Path, count: int, start: int) -> Iterator[np.ndarray]:
    for first, block in _blocks(path, "points_64", count, start):
        _check_values(path, "points_64", first, block, LATTICE - 1)
        yield block.astype(np.uint8)


def _values(path: Path, count: int, start: int) -> Iterator[np.ndarray]:
    for first, block in _blocks(path, "values_64", count, start):
        _check_values(path, "values_64", first, block, 1)
        yield block.astype(np.uint8)


def _check_values(path: Path, field: str, first: int, block: np.ndarray, largest: int) -> None:
    wrong = ~((block >= 0) & (block <= largest) & (block == np.floor(block)))
    if wrong.any():
        place = np.argwhere(wrong)[0]
        raise DatasetError(
            f"{path}: {field} of shape {first + place[0]} holds {block[tuple(place)]}, "
            f"expected whole numbers from 0 to {largest}"
        )
