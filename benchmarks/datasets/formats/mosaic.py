"""Images stored as lossless WebP mosaics, in row-major order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.datasets.errors import DatasetError
from benchmarks.datasets.formats.pictures import read_rgb
from benchmarks.datasets.formats.reading import read_bytes

FILES = {"train": 20, "test": 4}


def mosaic_files(folder: Path) -> dict[str, list[Path]]:
    """The files of each split, ``train_00.webp`` to ``test_03.webp``, in order."""
    return {
        split: [folder / f"{split}_{number:02d}.webp" for number in range(count)]
        for split, count in FILES.items()
    }


@dataclass(frozen=True)
class Mosaic:
    """How many images lie in one file, and how large they are."""

    rows: int
    columns: int
    size: int

    @property
    def count(self) -> int:
        """Images of one file."""
        return self.rows * self.columns

    def tiles(self, path: Path) -> np.ndarray:
        """The images of one file, ``(count, size, size, 3)`` uint8.

        Raises:
            DatasetError: the file is missing, damaged, or of another size.
        """
        pixels = np.asarray(read_rgb(read_bytes(path), str(path)))
        height, width = self.rows * self.size, self.columns * self.size
        if pixels.shape != (height, width, 3):
            found = f"{pixels.shape[1]}x{pixels.shape[0]}"
            raise DatasetError(f"{path}: {found} pixels, expected {width}x{height}")
        grid = pixels.reshape(self.rows, self.size, self.columns, self.size, 3).swapaxes(1, 2)
        return grid.reshape(self.count, self.size, self.size, 3)

    def stream(self, paths: list[Path], start: int) -> Iterator[np.ndarray]:
        """The images of several files from number ``start`` on, a chunk a file."""
        first, skipped = divmod(start, self.count)
        for path in paths[first:]:
            yield self.tiles(path)[skipped:]
            skipped = 0
