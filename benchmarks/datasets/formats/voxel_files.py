"""Occupancy grids one a file: ``.binvox`` and ``.npy``."""

from __future__ import annotations

import numpy as np

from benchmarks.datasets.errors import DatasetError
from benchmarks.datasets.formats.arrays import read_npy
from benchmarks.datasets.formats.reading import is_hidden, reading

SUFFIXES = (".binvox", ".npy")


def is_voxel_file(name: str) -> bool:
    """Whether a file's name says that it is one, hidden files aside."""
    return name.lower().endswith(SUFFIXES) and not is_hidden(name)


def read_voxels(data: bytes, name: str, resolution: int) -> np.ndarray:
    """A grid ``(R, R, R)`` uint8 of zeros and ones, from the bytes of a file.

    Raises:
        DatasetError: the file is damaged, of another resolution, empty, or holds other values.
    """
    if name.lower().endswith(".binvox"):
        with reading(name, "voxel grid"):
            grid = read_binvox(data)
    else:
        grid = read_npy(data, name)
    if grid.ndim == 4 and grid.shape[-1] == 1:
        grid = grid[..., 0]
    check_voxels(grid[None], name, resolution)
    return grid.astype(np.uint8)


def check_voxels(grids: np.ndarray, name: str, resolution: int, first: int | None = None) -> None:
    """Refuses grids ``(n, R, R, R)`` that are of another size, not zeros and ones, or empty.

    Args:
        first: the number of the first grid, where the file holds several.

    Raises:
        DatasetError: naming the file, the grid, and what was expected.
    """
    if grids.dtype.kind not in "biuf":
        raise DatasetError(f"{name}: values of type {grids.dtype}, expected 0 and 1")
    if grids.shape[1:] != (resolution,) * 3:
        raise DatasetError(f"{name}: a grid of {grids.shape[1:]}, expected {(resolution,) * 3}")
    for number, grid in enumerate(grids, first or 0):
        place = name if first is None else f"{name}: grid {number}"
        if not np.isin(grid, (0, 1)).all():
            other = grid[~np.isin(grid, (0, 1))].flat[0]
            raise DatasetError(f"{place}: a voxel is {other}, expected 0 (empty) or 1 (occupied)")
        if not grid.any():
            raise DatasetError(f"{place}: no voxel is occupied; remove it or voxelise it again")


def read_binvox(data: bytes) -> np.ndarray:
    """A grid ``(x, y, z)`` uint8 of a binvox file (P. Min, binvox file format).

    The body is runs of (value, length) with x slowest, then z, then y.

    Raises:
        ValueError: the header or the number of voxels is wrong.
    """
    head, separator, body = data.partition(b"\ndata\n")
    lines = head.split(b"\n")
    if not lines[0].startswith(b"#binvox") or not separator:
        raise ValueError("no binvox header")
    sizes = [line.split()[1:] for line in lines if line.startswith(b"dim")]
    if len(sizes) != 1 or len(sizes[0]) != 3:
        raise ValueError("no line with three dimensions")
    depth, height, width = (int(size) for size in sizes[0])
    if min(depth, height, width) < 1:
        raise ValueError(f"dimensions {depth}, {height} and {width}")
    runs = np.frombuffer(body[: len(body) // 2 * 2], np.uint8).reshape(-1, 2)
    count = int(runs[:, 1].sum(dtype=np.int64))
    if count != depth * width * height:
        raise ValueError(f"{count} voxels, expected {depth * width * height}")
    voxels = np.repeat(runs[:, 0] > 0, runs[:, 1])
    return voxels.reshape(depth, width, height).transpose(0, 2, 1).astype(np.uint8)
