"""What the two training loops share: the curve, its clock, and a checkpoint that loses nothing."""

from __future__ import annotations

import csv
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from lift.checkpoint import Continuation
from lift.events import log_curve
from lift.files import replacing
from lift.interrupt import Interrupted, StopRequest

Row = dict[str, float | None]
"""A line of a curve: ``step``, ``signals``, ``seconds`` and what the loop measured."""


class TrainingDivergedError(RuntimeError):
    """A loss, gradient or validation is not finite, or PSNR fell far below what it had been."""


def check_finite(where: str, advice: str, **numbers: float) -> None:
    """Stops a training that is being ruined.

    Raises:
        TrainingDivergedError: a number is not finite.
    """
    if not all(math.isfinite(number) for number in numbers.values()):
        found = ", ".join(f"{name} {number}" for name, number in numbers.items())
        raise TrainingDivergedError(
            f"{where}: {found}; expected finite. {advice}; the last checkpoint is kept"
        )


@dataclass
class Progress:
    """How far a training is, with everything that its curve needs to go on.

    ``seconds`` are those of training, compilation included and validation not. ``window`` holds
    the numbers of every step since the last row. ``continued`` lists where a state of other
    settings was continued. ``tied`` says whether a field's regions share one network so far.
    """

    step: int = 0
    seconds: float = 0.0
    rows: list[Row] = field(default_factory=list)
    window: dict[str, list[float]] = field(default_factory=dict)
    level: float | None = None
    best_level: float | None = None
    tied: bool | None = None
    continued: list[Continuation] = field(default_factory=list)
    saved_at: float = field(default_factory=time.monotonic)
    _began: float | None = field(default_factory=time.monotonic)

    @classmethod
    def restored(cls, state: dict[str, Any]) -> Progress:
        """What `state` gave."""
        return cls(**state)

    def state(self) -> dict[str, Any]:
        """As a JSON value."""
        return {
            "step": self.step,
            "seconds": self.clock(),
            "rows": self.rows,
            "window": self.window,
            "level": self.level,
            "best_level": self.best_level,
            "tied": self.tied,
            "continued": self.continued,
        }

    def clock(self) -> float:
        """Seconds of training so far; it stands still while paused."""
        running = 0.0 if self._began is None else time.monotonic() - self._began
        return self.seconds + running

    def unsaved_seconds(self) -> float:
        """Wall time since the last save."""
        return time.monotonic() - self.saved_at

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Time spent inside is none of the training's."""
        self.seconds, self._began = self.clock(), None
        try:
            yield
        finally:
            self._began = time.monotonic()

    def follow(self, value: float) -> None:
        """Adds to ``level``, a mean of about the last five steps', and to the best it has been."""
        level = value if self.level is None else 0.8 * self.level + 0.2 * value
        best = level if self.best_level is None else max(level, self.best_level)
        self.level, self.best_level = level, best

    def record(self, signals: int, **numbers: float) -> None:
        """One more step is done, on so many signals, and gave these numbers."""
        self.step += 1
        for name, value in {"signals": signals, **numbers}.items():
            self.window.setdefault(name, []).append(value)

    def row(self, **last: float | None) -> Row:
        """A new line of the curve: means over the window, and numbers of the last step alone.

        Signals are counted, since a training may have been continued with another batch.
        """
        before = self.rows[-1]["signals"] if self.rows else 0
        seen = (before or 0) + sum(self.window.pop("signals"))
        means = {name: float(np.mean(values)) for name, values in self.window.items()}
        self.window = {}
        counts = {"step": self.step, "signals": seen, "seconds": round(self.clock(), 2)}
        self.rows.append({**counts, **means, **last})
        return self.rows[-1]


def keep(
    progress: Progress,
    steps: int,
    every_seconds: float,
    stop: StopRequest,
    save: Callable[[], None],
) -> None:
    """Saves what a step has added to, when it is time, when asked to stop, and at the end.

    Raises:
        Interrupted: the process was asked to stop, after the last step too: more may follow it.
    """
    finished = progress.step >= steps
    if finished or stop.asked or progress.unsaved_seconds() >= every_seconds:
        with progress.paused():
            save()
        progress.saved_at = time.monotonic()
    if stop.asked:
        raise Interrupted(f"step {progress.step} of {steps} is kept; run it again to go on")


def due(step: int, every: int, steps: int) -> bool:
    """Whether something is done after ``step`` steps: at multiples, and at the end."""
    return step % every == 0 or step == steps


def write_curve(path: Path, rows: Sequence[Row]) -> None:
    """Writes a curve as CSV, whole or not at all; a number that a row lacks is an empty field."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with (
        replacing(path) as unfinished,
        unfinished.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    log_curve(path, rows)
