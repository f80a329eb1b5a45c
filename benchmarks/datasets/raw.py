"""What a loader hands to the writer: two splits of raw signals, in chunks, with their origin."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class RawSplit:
    """Signals of one split, in order.

    ``chunks`` starts reading anew at each call and yields ``(n, R, R, C)`` uint8 images, 0 to 255,
    or ``(n, R, R, R)`` uint8 occupancy grids of zeros and ones.
    """

    count: int
    chunks: Callable[[], Iterator[np.ndarray]]
    labels: np.ndarray | None = None

    @staticmethod
    def of(signals: np.ndarray, labels: np.ndarray | None = None) -> RawSplit:
        """A split that is in memory already."""
        return RawSplit(len(signals), lambda: iter([signals]), labels)


@dataclass(frozen=True)
class Raw:
    """A whole data set; ``sources`` names each file that was read, with its SHA-256."""

    train: RawSplit
    test: RawSplit
    split_rule: str
    classes: tuple[str, ...] = ()
    sources: dict[str, str] = field(default_factory=dict)
