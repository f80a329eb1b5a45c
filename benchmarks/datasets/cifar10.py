"""CIFAR-10 (Krizhevsky 2009), complete, in the official order."""

from __future__ import annotations

import numpy as np

from benchmarks.datasets.config import DatasetConfig
from benchmarks.datasets.location import data_root, hashes
from benchmarks.datasets.mosaic import stream
from benchmarks.datasets.raw import Raw, RawSplit


def load(config: DatasetConfig) -> Raw:
    """From lossless mosaics of 2,500 images each, below ``cifar10/``."""
    root = data_root()
    folder = root / "cifar10"
    mosaics = {
        "train": [folder / f"train_{k:02d}.webp" for k in range(20)],
        "test": [folder / f"test_{k:02d}.webp" for k in range(4)],
    }
    sources = hashes(root, [folder / "labels.npz", *mosaics["train"], *mosaics["test"]])
    labels = np.load(folder / "labels.npz", allow_pickle=False)
    splits = {
        name: RawSplit(
            2500 * len(paths),
            lambda paths=paths: stream(paths, 50, 50, config.resolution),  # type: ignore[misc]
            labels[f"y_{name}"],
        )
        for name, paths in mosaics.items()
    }
    classes = tuple(name.decode() for name in labels["classes"])
    return Raw(splits["train"], splits["test"], "official: 50,000 / 10,000", classes, sources)
