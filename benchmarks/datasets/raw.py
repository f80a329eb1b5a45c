"""What a loader hands to the writer: two splits of raw signals, in chunks, with their origin."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.datasets.errors import DatasetError

Chunks = Callable[[int], Iterator[np.ndarray]]
"""Starts reading at the given signal, so that an interrupted preparation can go on there."""


@dataclass(frozen=True)
class RawRows:
    """Further uint8 values of each signal of a split, ``(n, *shape)`` in all."""

    shape: tuple[int, ...]
    chunks: Chunks


@dataclass(frozen=True)
class RawSplit:
    """Signals of one split, in order.

    ``chunks`` yields ``(n, R, R, C)`` uint8 images, 0 to 255, or ``(n, R, R, R)`` uint8 occupancy
    grids of zeros and ones. ``extras`` are stored beside them, as they are, under their names.
    """

    count: int
    chunks: Chunks
    labels: np.ndarray | None = None
    extras: Mapping[str, RawRows] = field(default_factory=dict)

    @staticmethod
    def of(signals: np.ndarray, labels: np.ndarray | None = None) -> RawSplit:
        """A split that is in memory already."""
        return RawSplit(len(signals), lambda start: iter([signals[start:]]), labels)


@dataclass(frozen=True)
class Raw:
    """A whole data set; ``sources`` names what was read, with its SHA-256."""

    train: RawSplit
    test: RawSplit
    split_rule: str
    classes: tuple[str, ...] = ()
    sources: dict[str, str] = field(default_factory=dict)

    def counting(self, train: int, test: int, where: Path) -> Raw:
        """The same, if it holds so many signals.

        Raises:
            DatasetError: a split at ``where`` holds another number.
        """
        for name, split, count in (("train", self.train, train), ("test", self.test, test)):
            if split.count != count:
                raise DatasetError(f"{where}: {split.count} {name} signals, expected {count}")
        return self
