"""Images stored as lossless WebP mosaics, in row-major order."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from benchmarks.datasets.dataset import DatasetError


def tiles(path: Path, rows: int, columns: int, size: int) -> np.ndarray:
    """The images of one mosaic, ``(rows * columns, size, size, 3)`` uint8.

    Raises:
        DatasetError: the file is missing, damaged, or of another size.
    """
    try:
        with Image.open(path) as image:
            pixels = np.asarray(image.convert("RGB"))
    except FileNotFoundError as error:
        raise DatasetError(f"{path}: no such file; set LIFT_DATA to the folder above it") from error
    except (UnidentifiedImageError, OSError, ValueError) as error:
        raise DatasetError(f"{path}: not a readable image ({error})") from error
    expected = (rows * size, columns * size, 3)
    if pixels.shape != expected:
        raise DatasetError(
            f"{path}: {pixels.shape[1]}x{pixels.shape[0]} pixels, expected "
            f"{expected[1]}x{expected[0]}"
        )
    grid = pixels.reshape(rows, size, columns, size, 3).swapaxes(1, 2)
    return grid.reshape(rows * columns, size, size, 3)


def stream(paths: list[Path], rows: int, columns: int, size: int) -> Iterator[np.ndarray]:
    """The images of several mosaics, a chunk a file."""
    for path in paths:
        yield tiles(path, rows, columns, size)
