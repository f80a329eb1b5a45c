"""Voxel shapes at 64x64x64 from the INFOMR shape database, and not ShapeNet."""

from __future__ import annotations

from functools import partial

import numpy as np

from benchmarks.datasets.errors import DatasetError
from benchmarks.datasets.formats.arrays import class_names, read_npz
from benchmarks.datasets.formats.packed_voxels import check_packed, unpacked
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
    check_packed(bits, config.resolution, path)
    for name, values in (("split", part), ("category", category)):
        if values.shape != (len(bits),) or values.dtype.kind not in "iu":
            raise DatasetError(
                f"{path}: {name} of {values.dtype} {values.shape}, expected whole numbers "
                f"({len(bits)},)"
            )
    train, test = (
        RawSplit(len(rows), partial(unpacked, bits, rows, config.resolution), category[rows])
        for rows in (np.flatnonzero(part == 0), np.flatnonzero(part == 1))
    )
    classes = class_names(archive["categories"], path)
    rule = "in each category, in name order, every tenth shape is test: 2,176 / 221"
    return Raw(train, test, rule, classes, sources)
