"""Crops of photographs that scikit-image ships: images that need no download."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import skimage
from PIL import Image

from benchmarks.datasets.errors import DatasetError
from benchmarks.datasets.raw import Raw, RawSplit
from benchmarks.settings.dataset import DatasetConfig

PHOTOGRAPHS = {
    "astronaut": "astronaut.png",
    "brick": "brick.png",
    "cat": "chelsea.png",
    "coffee": "coffee.png",
    "coins": "coins.png",
    "galaxies": "hubble_deep_field.jpg",
    "grass": "grass.png",
    "gravel": "gravel.png",
    "motorcycle": "motorcycle_left.png",
    "retina": "retina.jpg",
    "rocket": "rocket.jpg",
    "tissue": "ihc.png",
}
PER_CLASS = {"train": 80, "test": 16}
REDUCTIONS = (1, 2, 3)
CONTENT = 2.0  # least standard deviation of a crop's pixels, of 255
SPLIT_RULE = (
    "train: crops of the left three quarters of each photograph; test: of the right quarter"
)


def crops(photograph: np.ndarray, count: int, size: int, rng: np.random.Generator) -> np.ndarray:
    """Square crops at random places, ``(count, size, size, 3)`` uint8.

    Each shows ``size``, twice or three times ``size`` pixels a side, reduced by the mean of blocks.
    Places where nothing is to be seen (a black border, a clear sky) are drawn again.
    """
    taken: list[np.ndarray] = []
    while len(taken) < count:
        crop = random_crop(photograph, size, rng)
        if crop.std((0, 1)).mean() >= CONTENT:
            taken.append(crop)
    return np.stack(taken)


def random_crop(photograph: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """One crop ``(size, size, 3)`` uint8."""
    height, width, _ = photograph.shape
    factor = int(rng.choice([f for f in REDUCTIONS if f * size <= min(height, width)]))
    side = factor * size
    top, left = rng.integers(height - side + 1), rng.integers(width - side + 1)
    part = photograph[top : top + side, left : left + side]
    return np.rint(part.reshape(size, factor, size, factor, 3).mean((1, 3))).astype(np.uint8)


def load(config: DatasetConfig) -> Raw:
    """Labelled by photograph; the two splits come from parts that do not overlap.

    Raises:
        DatasetError: a part of a photograph is smaller than a crop.
    """
    folder = Path(skimage.__file__).parent / "data"
    signals: dict[str, list[np.ndarray]] = {"train": [], "test": []}
    for label, name in enumerate(PHOTOGRAPHS.values()):
        photograph = np.asarray(Image.open(folder / name).convert("RGB"))
        border = photograph.shape[1] * 3 // 4
        parts = {"train": photograph[:, :border], "test": photograph[:, border:]}
        for split, part in parts.items():
            if config.resolution > min(part.shape[:2]):
                raise DatasetError(
                    f"{config.name}: resolution {config.resolution}, expected at most "
                    f"{min(part.shape[:2])}: the {split} part of {name} is no larger"
                )
            rng = np.random.default_rng((label, split == "test"))
            signals[split].append(crops(part, PER_CLASS[split], config.resolution, rng))
    splits = {
        name: RawSplit.of(np.concatenate(parts), np.repeat(np.arange(len(parts)), PER_CLASS[name]))
        for name, parts in signals.items()
    }
    return Raw(splits["train"], splits["test"], SPLIT_RULE, tuple(PHOTOGRAPHS))
