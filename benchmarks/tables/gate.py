"""Compares a scale's metrics with expected ones, for continuous integration: ``lift gate``.

The file lists metrics with a value, a tolerance, and the budget that the value was made with:

    expected:
      - {dataset: embedded-images, method: lift, stage: reconstruction, metric: psnr, split: test,
         value: 31.2, absolute: 0.3, signals: 3200, better: higher}

Without ``better``, a deviation in either direction is a regression.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import yaml
from pydantic import Field, model_validator

from benchmarks.records.result import (
    Metric,
    Result,
    ResultError,
    SplitName,
    read_result,
    result_path,
)
from benchmarks.settings.reading import Data, read_yaml
from lift.files import replacing

MEASUREMENTS = ("reconstruction", "generation", "classification", "cost")
TIMES = ("s", "1/s")
"""Units of what differs from run to run."""


class UnknownNameError(ValueError):
    """An expectation names what is not there; the message lists what is."""


class Expectation(Data):
    """One metric and how far it may be off: ``absolute`` in its unit, or ``relative`` as a share.

    ``signals`` is the budget, and ``device`` (``cpu`` or a GPU's name) the backend, that the value
    belongs to; a result of another one is not compared but reported. What a result says of its
    device after a comma (``cpu, no bfloat16 products``) does not count. ``scale`` is another folder
    of results than the checked one, ``published`` for costs.
    """

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


class Expectations(Data):
    """A file of expectations."""

    expected: list[Expectation] = Field(min_length=1)


def failures(path: Path, root: Path, scale: str) -> tuple[int, list[str]]:
    """How many metrics a file expects, and what is wrong with those that are not as expected.

    Raises:
        ConfigError: the file is missing or wrong.
        UnknownNameError: a scale, cell, stage or metric is not there.
    """
    expected = read_yaml(path, Expectations).expected
    found = [regression(entry, root, scale) for entry in expected]
    return len(expected), [message for message in found if message]


def record(path: Path, root: Path, scale: str, relative: float) -> int:
    """Writes the metrics that there are as expected ones; returns their number.

    Entries of an existing file keep their tolerance and get the present value; a new file gets
    every metric of the scale's measurements, and of the costs.

    Args:
        relative: the tolerance in a new file, as a share; costs have none, and where the value is 0
            it is in the metric's unit.

    Raises:
        UnknownNameError: an entry's scale, cell, stage, metric or value is not there, a result is
            of a failure, or there is nothing.
    """
    if path.exists():
        old = read_yaml(path, Expectations).expected
        entries = [_present(entry, root, scale) for entry in old]
    else:
        entries = [
            entry
            for folder in (scale, "published")
            for file in sorted((root / folder).glob("*/*/seed*/*.json"))
            if file.stem in MEASUREMENTS and "+" not in file.parts[-3]
            for entry in _entries(read_result(file), folder, scale, relative)
        ]
    if not entries:
        raise UnknownNameError(f"{root / scale}: no results; {_there(root)}")
    lines = [entry.model_dump(exclude_defaults=True) for entry in entries]
    content = {"expected": lines}
    text = yaml.safe_dump(content, sort_keys=False, width=1000, default_flow_style=None)
    with replacing(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8")
    return len(entries)


def _entries(result: Result, folder: str, scale: str, relative: float) -> list[Expectation]:
    if result.status == "failed":
        cell = f"{result.dataset}/{result.method}/seed{result.seed}"
        raise UnknownNameError(f"{cell} {result.stage}: failed: {result.reason}; nothing recorded")
    kept = [m for m in result.metrics if m.value is not None and m.unit not in TIMES]
    tolerance = 0.0 if result.stage == "cost" else relative
    return [
        Expectation(
            dataset=result.dataset,
            method=result.method,
            stage=result.stage,
            metric=metric.name,
            split=metric.split,
            value=metric.value or 0.0,
            seed=result.seed,
            scale=None if folder == scale else folder,
            absolute=None if metric.value else tolerance,
            relative=tolerance if metric.value else None,
            signals=result.budget.signals if result.budget else None,
        )
        for metric in kept
    ]


def _present(entry: Expectation, root: Path, scale: str) -> Expectation:
    result = _result(entry, root, scale)
    if result.status == "failed":
        raise UnknownNameError(f"{entry.name}: failed: {result.reason}")
    signals = result.budget.signals if result.budget and entry.signals is not None else None
    device = _device(result) if entry.device else None
    value = _metric(entry, result).value
    if value is None:
        raise UnknownNameError(
            f"{entry.name}: has no value, so {entry.value:.6g} stays expected; nothing is recorded"
        )
    return entry.model_copy(update={"value": value, "signals": signals, "device": device})


def regression(expectation: Expectation, root: Path, scale: str) -> str | None:
    """What is wrong with one metric; None where it is as expected.

    Raises:
        UnknownNameError: its scale, cell, stage or metric is not there.
    """
    try:
        result = _result(expectation, root, scale)
    except ResultError as error:
        return f"{expectation.name}: {error}"
    unlike = _unlike(expectation, result)
    if unlike:
        return f"{expectation.name}: {unlike}"
    value = _metric(expectation, result).value
    if value is None:
        return f"{expectation.name}: no value"
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
    device = _device(result)
    if expectation.device is not None and device != expectation.device:
        return f"made on {device}, expected on {expectation.device}"
    return ""


def _device(result: Result) -> str | None:
    """``cpu`` or a GPU's name; None where the result does not say."""
    return result.provenance.device.partition(",")[0] if result.provenance else None


def _result(expectation: Expectation, root: Path, scale: str) -> Result:
    folder = expectation.scale or scale
    where = (folder, expectation.dataset, expectation.method, f"seed{expectation.seed}")
    for depth, kind in enumerate(("scale", "data set", "method", "seed")):
        if not root.joinpath(*where[: depth + 1]).is_dir():
            above = root.joinpath(*where[:depth])
            known = ", ".join(sorted(path.name for path in above.glob("*") if path.is_dir()))
            raise UnknownNameError(
                f"{expectation.name}: no {kind} {where[depth]!r} in {above}; "
                f"it has {known or 'nothing'}"
            )
    path = result_path(
        root,
        folder,
        expectation.dataset,
        expectation.method,
        expectation.seed,
        expectation.stage,
    )
    if not path.exists():
        known = ", ".join(sorted(other.stem for other in path.parent.glob("*.json")))
        raise UnknownNameError(
            f"{expectation.name}: no stage {expectation.stage!r} in {path.parent}; "
            f"it has {known or 'nothing'}"
        )
    return read_result(path)


def _metric(expectation: Expectation, result: Result) -> Metric:
    for metric in result.metrics:
        if (metric.name, metric.split) == (expectation.metric, expectation.split):
            return metric
    known = ", ".join(f"{metric.name} ({metric.split})" for metric in result.metrics)
    raise UnknownNameError(f"{expectation.name}: no such metric; there are {known or 'none'}")


def _there(root: Path) -> str:
    known = ", ".join(sorted(path.name for path in root.glob("*") if path.is_dir()))
    return f"{root} has {known or 'nothing'}"
