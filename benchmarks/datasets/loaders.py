"""The loaders that configuration can name."""

from __future__ import annotations

import importlib

from benchmarks.datasets.dataset import DatasetError
from benchmarks.datasets.raw import Raw
from benchmarks.settings.dataset import DatasetConfig

LOADERS = {
    "celeba64": "benchmarks.datasets.sources.celeba64",
    "celebahq": "benchmarks.datasets.sources.celebahq",
    "cifar10": "benchmarks.datasets.sources.cifar10",
    "embedded-images": "benchmarks.datasets.sources.embedded_images",
    "embedded-voxels": "benchmarks.datasets.sources.embedded_voxels",
    "imagenet100": "benchmarks.datasets.sources.imagenet100",
    "infomr64": "benchmarks.datasets.sources.infomr64",
    "modelnet10": "benchmarks.datasets.sources.modelnet10",
    "shapenet": "benchmarks.datasets.sources.shapenet",
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
