"""Curve files as the page draws them: numbers alone, and no more points than can be seen."""

from __future__ import annotations

import csv
import math
from collections.abc import Collection
from pathlib import Path

from benchmarks.figures.curves import CurveError

MOST_POINTS = 150
"""Of a line; longer curves are thinned evenly."""

Point = dict[str, float]


def read_points(path: Path, needed: Collection[str]) -> list[Point]:
    """The numbers of a curve file, a row a step; nothing where there is none, or none yet.

    Rows without all of the ``needed`` columns are left out.

    Raises:
        CurveError: it cannot be read, or lacks such a column.
    """
    if not path.exists():
        return []
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            given, fields = list(reader), reader.fieldnames or ()
    except (UnicodeDecodeError, csv.Error) as error:
        raise CurveError(f"{path}: not a curve ({error}); run its stage again") from error
    missing = [name for name in needed if name not in fields]
    if missing:
        raise CurveError(f"{path}: no column {', '.join(missing)}; run its stage again")
    rows = [
        {name: number for name, text in row.items() if (number := _number(text)) is not None}
        for row in given
    ]
    return [row for row in rows if set(needed) <= row.keys()]


def _number(text: object) -> float | None:
    """What a damaged or unfinished line holds is not drawn."""
    try:
        return float(str(text))
    except ValueError:
        return None


def thinned(rows: list[Point]) -> list[Point]:
    """At most ``MOST_POINTS``, the last among them."""
    every = max(1, math.ceil(len(rows) / MOST_POINTS))
    return rows[::-1][::every][::-1]
