"""Voxel shapes at 64x64x64 from the INFOMR shape database, and not ShapeNet."""

from __future__ import annotations

from functools import partial

import numpy as np

from benchmarks.datasets.formats.archives import read_npz
from benchmarks.datasets.formats.packed_voxels import unpacked
from benchmarks.datasets.location import data_root, hashes
from benchmarks.datasets.raw import Raw, RawSplit
from benchmarks.settings.dataset import DatasetConfig


def load(config: DatasetConfig) -> Raw:
    """From one archive of packed bits, below ``voxels64/``."""
    root = data_root()
    path = root / "voxels64" / "shapes64.npz"
    sources = hashes(root, [path])
    archive = read_npz(path, ("bits", "split", "category", "categories"))
    bits, part, category = archive["bits"], archive["split"], archive["category"]
    train, test = (
        RawSplit(len(rows), partial(unpacked, bits, rows, config.resolution), category[rows])
        for rows in (np.flatnonzero(part == 0), np.flatnonzero(part == 1))
    )
    classes = tuple(name.decode() for name in archive["categories"])
    rule = "in each category, in name order, every tenth shape is test: 2,176 / 221"
    return Raw(train, test, rule, classes, sources)
