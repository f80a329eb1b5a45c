"""ShapeNet at 64³ (Chang et al. 2015), voxelised by IM-NET (Chen & Zhang, CVPR 2019).

35,019 training and 8,762 test shapes of 13 categories: in each category, by name, the first four
fifths train. The HDF5 files also hold 16,384 points near each surface; grids from other files have
none.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.datasets.errors import DatasetError
from benchmarks.datasets.formats.archives import Files, open_files
from benchmarks.datasets.formats.class_folders import decoded
from benchmarks.datasets.formats.imnet_hdf5 import shapes
from benchmarks.datasets.formats.reading import read_lines
from benchmarks.datasets.formats.voxel_files import is_voxel_file, read_voxels
from benchmarks.datasets.location import hashes, located
from benchmarks.datasets.raw import Raw, RawSplit
from benchmarks.settings.dataset import DatasetConfig, Settings

RULE = "in each category, by name, the first four fifths train"


class ShapeNetSettings(Settings):
    """``path`` holds the two HDF5 files, or ``CATEGORY/NAME.binvox`` or ``.npy``."""

    path: str = "shapenet"
    train_file: str = "all_vox256_img_train.hdf5"
    test_file: str = "all_vox256_img_test.hdf5"
    train: int = 35_019
    test: int = 8_762


def load(config: DatasetConfig) -> Raw:
    """From IM-NET's two HDF5 files, or a folder or zip of grids by category.

    Raises:
        DatasetError: neither form is there, or the counts are others.
    """
    settings = config.settings(ShapeNetSettings)
    path = located(settings.path)
    pair = [path / settings.train_file, path / settings.test_file]
    if any(file.exists() for file in pair):
        raw = _from_hdf5(pair, config)
    else:
        wanted = f"{settings.train_file} and {settings.test_file}, or CATEGORY/NAME.binvox or .npy"
        raw = _from_files(open_files(path, wanted), config)
    return raw.counting(settings.train, settings.test, path)


def _from_hdf5(pair: list[Path], config: DatasetConfig) -> Raw:
    lists = [path.with_suffix(".txt") for path in pair]
    named = all(path.exists() for path in lists)
    sources = hashes(pair[0].parent, [*pair, *(lists if named else [])])
    names = [read_lines(path) for path in lists] if named else [[], []]
    classes = tuple(sorted({name.split("/")[0] for part in names for name in part}))
    splits: list[RawSplit] = []
    for path, part in zip(pair, names, strict=True):
        split = shapes(path, config.resolution)
        if named and len(part) != split.count:
            raise DatasetError(
                f"{path.with_suffix('.txt')}: {len(part)} names, expected {split.count}"
            )
        labels = np.array([classes.index(name.split("/")[0]) for name in part], np.uint8)
        splits.append(RawSplit(split.count, split.chunks, labels, split.extras))
    return Raw(splits[0], splits[1], RULE, classes, sources)


def _from_files(files: Files, config: DatasetConfig) -> Raw:
    """Category after category; a category is the first folder of a file's path."""
    names = [name for name in files.listing() if is_voxel_file(name)]
    alone = [name for name in names if "/" not in name]
    if alone or not names:
        problem = f"{alone[0]} is in no category" if alone else "no .binvox or .npy file"
        raise DatasetError(f"{files.path}: {problem}, expected CATEGORY/NAME.binvox or .npy")
    classes = tuple(sorted({name.split("/")[0] for name in names}))
    parts: tuple[list[str], list[str]] = ([], [])
    for category in classes:
        members = [name for name in names if name.startswith(f"{category}/")]
        border = int(len(members) * 0.8)
        parts[0].extend(members[:border])
        parts[1].extend(members[border:])

    def decode(data: bytes, name: str) -> np.ndarray:
        return read_voxels(data, name, config.resolution)

    train, test = (
        RawSplit(
            len(part),
            decoded(files, part, decode),
            np.array([classes.index(name.split("/")[0]) for name in part]),
        )
        for part in parts
    )
    return Raw(train, test, RULE, classes, files.fingerprint(names))
