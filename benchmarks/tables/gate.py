"""Compares a scale's metrics with expected ones, for continuous integration.

    python -m benchmarks.tables.gate --scale demo --expected FILE.yaml

The file lists metrics with a value, a tolerance, and the budget that the value was made with:

    expected:
      - {dataset: embedded-images, method: lift, stage: reconstruction, metric: psnr, split: test,
         value: 31.2, absolute: 0.3, signals: 3200, better: higher}

Without ``better``, a deviation in either direction is a regression. Exit code 1 if there is one.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from benchmarks.records.result import Result, ResultError, SplitName, read_result, result_path
from benchmarks.settings.reading import read_yaml


class Expectation(BaseModel):
    """One metric and how far it may be off: ``absolute`` in its unit, or ``relative`` as a share.

    ``signals`` is the budget, and ``device`` (``cpu`` or a GPU's name) the backend, that the value
    belongs to; a result of another one is not compared but reported. ``scale`` is another folder
    of results than the checked one, ``published`` for costs.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: str
    method: str
    stage: str
    metric: str
    value: float
    split: SplitName = "none"
    seed: int = 0
    scale: str | None = None
    absolute: float | None = Field(default=None, ge=0)
    relative: float | None = Field(default=None, ge=0)
    signals: int | None = None
    device: str | None = None
    better: Literal["higher", "lower"] | None = None

    @model_validator(mode="after")
    def _one_tolerance(self) -> Expectation:
        if (self.absolute is None) == (self.relative is None):
            raise ValueError(f"{self.name}: give either an absolute or a relative tolerance")
        return self

    @property
    def name(self) -> str:
        """Names the metric in messages."""
        cell = f"{self.dataset}/{self.method}/seed{self.seed}"
        return f"{cell} {self.stage} {self.metric} ({self.split})"

    @property
    def tolerance(self) -> float:
        """In the metric's unit."""
        return (
            self.absolute if self.absolute is not None else (self.relative or 0) * abs(self.value)
        )


class Expectations(BaseModel):
    """A file of expectations."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    expected: list[Expectation] = Field(min_length=1)


def regression(expectation: Expectation, root: Path, scale: str) -> str | None:
    """What is wrong with one metric; None where it is as expected."""
    folder = expectation.scale or scale
    path = result_path(
        root,
        folder,
        expectation.dataset,
        expectation.method,
        expectation.seed,
        expectation.stage,
    )
    try:
        result = read_result(path)
    except ResultError as error:
        return f"{expectation.name}: {error}"
    unlike = _unlike(expectation, result)
    if unlike:
        return f"{expectation.name}: {unlike}"
    value = result.value(expectation.metric, expectation.split)
    if value is None:
        return f"{expectation.name}: not measured"
    deviation = value - expectation.value
    worse = {"higher": -deviation, "lower": deviation, None: abs(deviation)}[expectation.better]
    if worse <= expectation.tolerance:
        return None
    return (
        f"{expectation.name}: {value:.6g}, expected {expectation.value:.6g} within "
        f"{expectation.tolerance:.3g}; off by {deviation:+.3g}"
    )


def _unlike(expectation: Expectation, result: Result) -> str:
    """Why a result cannot be compared with the expectation."""
    if result.status == "failed":
        return f"failed: {result.reason}"
    signals = result.budget.signals if result.budget else None
    if expectation.signals is not None and signals != expectation.signals:
        return f"made with {signals} signals, expected with {expectation.signals}"
    device = result.provenance.device if result.provenance else None
    if expectation.device is not None and device != expectation.device:
        return f"made on {device}, expected on {expectation.device}"
    return ""


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--scale", default="demo")
    parser.add_argument("--expected", type=Path, required=True, help="YAML file of expectations")
    parser.add_argument("--root", type=Path, default=Path("results"))
    options = parser.parse_args()
    try:
        expected = read_yaml(options.expected, Expectations).expected
    except ValueError as error:
        sys.exit(f"gate: {error}")
    found = [regression(entry, options.root, options.scale) for entry in expected]
    regressions = [message for message in found if message]
    for message in regressions:
        print(f"REGRESSION {message}")
    print(f"{len(expected) - len(regressions)} of {len(expected)} metrics as expected")
    sys.exit(bool(regressions))


if __name__ == "__main__":
    main()
