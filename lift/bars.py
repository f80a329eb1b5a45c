"""Progress: a bar in a terminal; in a log a line every so often, with the metric and time left."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any, TextIO

from tqdm import tqdm

LOG_SECONDS = 20.0
LINE = "{desc}: {n_fmt} of {total_fmt}{postfix}, {elapsed} gone, {remaining} left, {rate_fmt}"


class Lines:
    """What tqdm writes, as whole lines: no carriage return, no padding, nothing empty."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        """Passes a status on, unless there is nothing in it."""
        if line := " ".join(text.split()):
            self._stream.write(line + "\n")
            self._stream.flush()

    def flush(self) -> None:
        """As a stream has it."""
        self._stream.flush()


def close_bars() -> None:
    """Ends the line of every bar that an error left open, so that what is said stands alone."""
    for bar in list(getattr(tqdm, "_instances", ())):
        bar.close()


def progress_bar(
    iterable: Iterable[Any] | None = None,
    *,
    total: int | None = None,
    desc: str,
    initial: int = 0,
    unit: str = "it",
    shown: bool = True,
) -> tqdm:
    """A tqdm bar where standard error is a terminal, else lines; a short loop writes none.

    Args:
        shown: of several processes one says how far they are.
    """
    given = {"total": total, "desc": desc, "initial": initial, "unit": unit, "disable": not shown}
    if sys.stderr.isatty():
        return tqdm(iterable, **given, mininterval=2)
    every = {"mininterval": LOG_SECONDS, "maxinterval": LOG_SECONDS, "miniters": 1}
    quiet = {"delay": LOG_SECONDS / 2, "bar_format": LINE}
    return tqdm(iterable, **given, **every, **quiet, file=Lines(sys.stderr))
