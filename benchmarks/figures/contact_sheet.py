"""Signals of both splits side by side, to see at a glance what a data set holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.datasets.dataset import Dataset, Split
from benchmarks.datasets.errors import DatasetError
from benchmarks.figures.shading import framing, shade
from lift.files import replacing

TILES_A_ROW = 12
ROWS = {"train": 3, "test": 1}
TILE, GAP = 64, 2
COLOR = (0.62, 0.68, 0.76)


def contact_sheet(dataset: Dataset, path: Path) -> None:
    """Writes a PNG: rows of training signals, evenly spaced, above a row of test signals.

    Raises:
        DatasetError: the data set's terms forbid pictures of its signals.
    """
    if not dataset.shareable:
        raise DatasetError(f"{dataset.name}: its terms forbid pictures of its signals")
    rows = []
    for name, split in (("train", dataset.train), ("test", dataset.test)):
        tiles = _tiles(split, min(TILES_A_ROW * ROWS[name], len(split)), dataset.manifest.up_axis)
        blank = np.full((ROWS[name] * TILES_A_ROW - len(tiles), TILE, TILE, 3), 255, np.uint8)
        grid = np.concatenate([tiles, blank]).reshape(ROWS[name], TILES_A_ROW, TILE, TILE, 3)
        padded = np.pad(grid, ((0, 0), (0, 0), (0, GAP), (0, GAP), (0, 0)), constant_values=255)
        side = TILE + GAP
        rows.append(padded.swapaxes(1, 2).reshape(ROWS[name] * side, TILES_A_ROW * side, 3))
        rows.append(np.full((3 * GAP, TILES_A_ROW * side, 3), 255, np.uint8))
    with replacing(path) as unfinished:
        Image.fromarray(np.concatenate(rows[:-1])).save(unfinished, format="PNG")


def _tiles(split: Split, count: int, up: int) -> np.ndarray:
    """Evenly spaced signals as pictures ``(count, TILE, TILE, 3)`` uint8."""
    shown = split.subset(count)
    domain = split.domain
    tiles = []
    for index in range(count):
        grid = (
            shown.batch([index]).numpy().reshape((domain.resolution,) * domain.dimensions + (-1,))
        )
        if split.kind == "voxel":
            shape = grid[..., 0]
            picture = shade(shape, COLOR, framing([shape], up=up), up=up)
            values = picture[..., :3] * picture[..., 3:] + 1 - picture[..., 3:]
        else:
            values = grid
        image = Image.fromarray(np.rint(values * 255).astype(np.uint8))
        filtering = Image.Resampling.NEAREST if image.width <= TILE else Image.Resampling.BICUBIC
        tiles.append(np.asarray(image.resize((TILE, TILE), filtering)))
    return np.stack(tiles)
