"""CelebA faces at 64x64, framed like CelebA-HQ, and not CelebA-HQ (Liu et al., ICCV 2015).

For non-commercial research; its terms forbid to publish its images, so no stage draws them.
"""

from __future__ import annotations

from functools import partial

from benchmarks.datasets.formats.mosaic import Mosaic, mosaic_files
from benchmarks.datasets.location import data_root, hashes
from benchmarks.datasets.raw import Raw, RawSplit
from benchmarks.settings.dataset import DatasetConfig


def load(config: DatasetConfig) -> Raw:
    """From lossless mosaics of 500 images each, below ``faces64/``."""
    root, mosaic = data_root(), Mosaic(20, 25, config.resolution)
    paths = mosaic_files(root / "faces64")
    sources = hashes(root, [*paths["train"], *paths["test"]])
    train, test = (
        RawSplit(mosaic.count * len(files), partial(mosaic.stream, files))
        for files in paths.values()
    )
    rule = "CelebA's official partition, no identity in both: 10,000 / 2,000"
    return Raw(train, test, rule, sources=sources)
