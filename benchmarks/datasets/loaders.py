"""The loaders that configuration can name."""

from __future__ import annotations

import importlib

from benchmarks.datasets.config import DatasetConfig
from benchmarks.datasets.dataset import DatasetError
from benchmarks.datasets.raw import Raw

LOADERS = {
    "celeba64": "benchmarks.datasets.celeba64",
    "celebahq": "benchmarks.datasets.celebahq",
    "cifar10": "benchmarks.datasets.cifar10",
    "embedded-images": "benchmarks.datasets.embedded_images",
    "embedded-voxels": "benchmarks.datasets.embedded_voxels",
    "imagenet100": "benchmarks.datasets.imagenet100",
    "infomr64": "benchmarks.datasets.infomr64",
    "modelnet10": "benchmarks.datasets.modelnet10",
    "shapenet": "benchmarks.datasets.shapenet",
}


def loader_module(key: str) -> str:
    """The module that loads a data set.

    Raises:
        DatasetError: no loader has this key.
    """
    if key not in LOADERS:
        raise DatasetError(f"loader: {key!r} is unknown; expected one of {', '.join(LOADERS)}")
    return LOADERS[key]


def load_raw(config: DatasetConfig) -> Raw:
    """Opens a data set's sources; signals are read when the chunks are."""
    raw: Raw = importlib.import_module(loader_module(config.loader)).load(config)
    return raw
