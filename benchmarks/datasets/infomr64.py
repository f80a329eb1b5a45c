"""Voxel shapes at 64x64x64 from the INFOMR shape database, and not ShapeNet."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks.datasets.config import DatasetConfig
from benchmarks.datasets.location import data_root, hashes
from benchmarks.datasets.raw import Raw, RawSplit

CHUNK = 64


def load(config: DatasetConfig) -> Raw:
    """From one archive of packed bits, below ``voxels64/``."""
    root = data_root()
    path = root / "voxels64" / "shapes64.npz"
    sources = hashes(root, [path])
    archive = np.load(path, allow_pickle=False)
    bits, part, category = archive["bits"], archive["split"], archive["category"]

    def unpacked(rows: np.ndarray) -> Iterator[np.ndarray]:
        for first in range(0, len(rows), CHUNK):
            grids = np.unpackbits(bits[rows[first : first + CHUNK]], axis=1)
            yield grids.reshape(-1, *(config.resolution,) * 3)

    splits = [
        RawSplit(len(rows), lambda rows=rows: unpacked(rows), category[rows])  # type: ignore[misc]
        for rows in (np.flatnonzero(part == 0), np.flatnonzero(part == 1))
    ]
    classes = tuple(name.decode() for name in archive["categories"])
    rule = "in each category, in name order, every tenth shape is test: 2,176 / 221"
    return Raw(splits[0], splits[1], rule, classes, sources)
