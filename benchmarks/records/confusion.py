"""How often a classifier took one class for another, beside the JSON of a classification."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.records.result import ResultError
from lift.files import replacing

FILE = "confusion.csv"
CORNER = "true / predicted"


def write_confusion(folder: Path, counts: NDArray[np.integer], classes: Sequence[str]) -> None:
    """A line a true class, a column a predicted one.

    Args:
        counts: ``(classes, classes)``.

    Raises:
        ValueError: there are more or fewer classes than rows.
    """
    if counts.shape != (len(classes), len(classes)):
        raise ValueError(f"confusion {counts.shape}: expected {len(classes)} classes a side")
    with (
        replacing(folder / FILE) as unfinished,
        unfinished.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.writer(file)
        writer.writerow([CORNER, *classes])
        writer.writerows([name, *row] for name, row in zip(classes, counts.tolist(), strict=True))


def read_confusion(folder: Path) -> tuple[list[str], NDArray[np.integer]] | None:
    """The classes and counts ``(classes, classes)``; None where there is no such file.

    Raises:
        ResultError: it cannot be read.
    """
    path = folder / FILE
    if not path.exists():
        return None
    try:
        with path.open(newline="", encoding="utf-8") as file:
            (_, *classes), *rows = csv.reader(file)
        counts = np.array([[int(text) for text in row[1:]] for row in rows])
    except (UnicodeDecodeError, csv.Error, ValueError) as error:
        raise ResultError(f"{path}: not a confusion matrix ({error})") from error
    if counts.shape != (len(classes), len(classes)):
        raise ResultError(f"{path}: {counts.shape} counts of {len(classes)} classes")
    return classes, counts
