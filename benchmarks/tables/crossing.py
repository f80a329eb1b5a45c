"""When a training's curve first reached a quality, in seconds and in training signals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from lift.progress import Row

Measured = Literal["validation", "train_psnr"]


@dataclass(frozen=True)
class Crossing:
    """A budget at which a level of PSNR was reached; ``sooner``: that, or less."""

    seconds: float
    signals: float
    measured: Measured
    sooner: bool = False


def crossing(rows: Sequence[Row], level: float) -> Crossing | None:
    """Where a curve first is at ``level`` (dB) or above; None where it never is.

    The validation PSNR says whether the level was reached, and when, if two validations enclose it.
    Before the first of them the windowed PSNR of training signals says when, and of a curve without
    validations it says everything. Between two measurements the budget is interpolated, its
    logarithm linear in the PSNR; nothing is extrapolated.
    """
    validated = _points(rows, "validation_psnr")
    seen = _points(rows, "train_psnr")
    if not len(validated):
        return _first(seen, level, "train_psnr")
    found = _first(validated, level, "validation")
    if found and found.sooner:
        earlier = _first(seen[seen[:, 0] <= found.seconds], level, "train_psnr")
        return earlier or found
    return found


def _points(rows: Sequence[Row], name: str) -> np.ndarray:
    """``(n, 3)``: seconds, signals and PSNR of the rows that have it."""
    points = [
        [seconds, signals, decibels]
        for row in rows
        if (seconds := row["seconds"])
        and (signals := row["signals"])
        and (decibels := row[name]) is not None
    ]
    return np.array(points, float).reshape(-1, 3)


def _first(points: np.ndarray, level: float, measured: Measured) -> Crossing | None:
    above = np.flatnonzero(points[:, 2] >= level)
    if not len(above):
        return None
    at = above[0]
    if at == 0:
        return Crossing(float(points[0, 0]), float(points[0, 1]), measured, sooner=True)
    before, after = points[at - 1], points[at]
    share = (level - before[2]) / (after[2] - before[2])
    seconds, signals = np.exp((1 - share) * np.log(before[:2]) + share * np.log(after[:2]))
    return Crossing(float(seconds), float(signals), measured)
