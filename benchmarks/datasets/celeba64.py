"""CelebA faces at 64x64, framed like CelebA-HQ, and not CelebA-HQ (Liu et al., ICCV 2015).

For non-commercial research; its terms forbid to publish its images, so no stage draws them.
"""

from __future__ import annotations

from benchmarks.datasets.config import DatasetConfig
from benchmarks.datasets.location import data_root, hashes
from benchmarks.datasets.mosaic import stream
from benchmarks.datasets.raw import Raw, RawSplit


def load(config: DatasetConfig) -> Raw:
    """From lossless mosaics of 500 images each, below ``faces64/``."""
    root = data_root()
    mosaics = {
        "train": [root / "faces64" / f"train_{k:02d}.webp" for k in range(20)],
        "test": [root / "faces64" / f"test_{k:02d}.webp" for k in range(4)],
    }
    sources = hashes(root, [*mosaics["train"], *mosaics["test"]])
    splits = {
        name: RawSplit(
            500 * len(paths),
            lambda paths=paths: stream(paths, 20, 25, config.resolution),  # type: ignore[misc]
        )
        for name, paths in mosaics.items()
    }
    rule = "CelebA's official partition, no identity in both: 10,000 / 2,000"
    return Raw(splits["train"], splits["test"], rule, sources=sources)
