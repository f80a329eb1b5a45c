"""ModelNet10 (Wu et al., CVPR 2015) as solid voxels, voxelised at 24 and padded to 30 a side.

At 30, which 5 or 6 regions an axis divide, the grids are as stored; one more empty voxel on each
side makes 32, which 4 or 8 divide. Eight of the shapes are empty at
this resolution (seven train, one test); they stay, so that the counts are the official ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from benchmarks.datasets.errors import DatasetError
from benchmarks.datasets.formats.arrays import class_names, read_npz
from benchmarks.datasets.formats.packed_voxels import check_packed, unpacked
from benchmarks.datasets.location import data_root, hashes
from benchmarks.datasets.raw import Raw, RawSplit
from benchmarks.settings.dataset import DatasetConfig

STORED = 30


def padded(bits: np.ndarray, resolution: int, start: int) -> Iterator[np.ndarray]:
    """Grids ``(n, R, R, R)`` uint8 from number ``start`` on, empty voxels added all around."""
    margin = (resolution - STORED) // 2
    for grids in unpacked(bits, np.arange(len(bits)), STORED, start):
        yield np.pad(grids, ((0, 0), *((margin, margin),) * 3))


def load(config: DatasetConfig) -> Raw:
    """From one archive of packed bits, below ``modelnet10_vox30/``."""
    if config.resolution < STORED or config.resolution % 2:
        raise DatasetError(
            f"{config.name}: resolution {config.resolution}, expected {STORED} or a larger even one"
        )
    root = data_root()
    path = root / "modelnet10_vox30" / "modelnet10_vox30.npz"
    sources = hashes(root, [path])
    names = ("bits_train", "bits_test", "y_train", "y_test", "classes")
    archive = read_npz(path, names)
    for split in ("train", "test"):
        check_packed(archive[f"bits_{split}"], STORED, path)
    train, test = (
        RawSplit(
            len(archive[f"bits_{split}"]),
            partial(padded, archive[f"bits_{split}"], config.resolution),
            archive[f"y_{split}"],
        )
        for split in ("train", "test")
    )
    rule = "official: 3,991 / 908, empty shapes kept; 30³"
    if config.resolution > STORED:
        rule += " padded with empty voxels"
    classes = class_names(archive["classes"], path)
    return Raw(train, test, rule, classes, sources)
