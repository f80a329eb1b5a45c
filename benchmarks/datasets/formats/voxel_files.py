"""Occupancy grids one a file: ``.binvox`` and ``.npy``."""

from __future__ import annotations

import io

import numpy as np

from benchmarks.datasets.dataset import DatasetError

SUFFIXES = (".binvox", ".npy")


def read_voxels(data: bytes, name: str, resolution: int) -> np.ndarray:
    """A grid ``(R, R, R)`` uint8 of zeros and ones, from the bytes of a file.

    Raises:
        DatasetError: the file is damaged, of another resolution, empty, or holds other values.
    """
    try:
        if name.endswith(".binvox"):
            grid = read_binvox(data)
        else:
            grid = np.load(io.BytesIO(data), allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise DatasetError(f"{name}: not a readable voxel grid ({error}); copy it again") from error
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
    runs = np.frombuffer(body[: len(body) // 2 * 2], np.uint8).reshape(-1, 2)
    voxels = np.repeat(runs[:, 0] > 0, runs[:, 1])
    if len(voxels) != depth * width * height:
        raise ValueError(f"{len(voxels)} voxels, expected {depth * width * height}")
    return voxels.reshape(depth, width, height).transpose(0, 2, 1).astype(np.uint8)
