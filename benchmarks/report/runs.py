"""What a scale was to run, and what came of each cell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from benchmarks.records.result import (
    UNKNOWN,
    Metric,
    Provenance,
    Result,
    ResultError,
    read_result,
    result_path,
)
from benchmarks.settings.method import image_classifiers
from benchmarks.stages.classification.settings import classified_cells
from benchmarks.stages.single_signal.settings import load_single_signal
from benchmarks.tables.about import short
from benchmarks.tables.sources import told
from benchmarks.tables.titles import title_of
from benchmarks.workflow.plan import Plan

MOST_VALUES = 4
"""Of a fact on the first screen."""
ASKED_FOR = ("learning_curve",)
"""Stages that are no part of a scale's run, and are shown where somebody ran them."""


@dataclass(frozen=True)
class Run:
    """One cell: its stages in their order, and the results that are there."""

    scale: str
    dataset: str
    method: str
    title: str
    seed: int
    stages: tuple[str, ...]
    root: Path

    @property
    def folder(self) -> Path:
        """Where its files are."""
        return self._path("fit").parent

    def _path(self, stage: str) -> Path:
        return result_path(self.root, self.scale, self.dataset, self.method, self.seed, stage)

    @cached_property
    def results(self) -> dict[str, Result]:
        """By stage, those that can be read."""
        return {stage: found for stage, found in self._read.items() if isinstance(found, Result)}

    @cached_property
    def _read(self) -> dict[str, Result | str]:
        found: dict[str, Result | str] = {}
        for stage in (*self.stages, *ASKED_FOR):
            if self._path(stage).exists():
                try:
                    found[stage] = read_result(self._path(stage))
                except ResultError as error:
                    found[stage] = str(error)
        return found

    @property
    def ran(self) -> list[str]:
        """Stages that left a result, readable or not."""
        return list(self._read)

    def state(self, stage: str) -> str:
        """``done``, ``failed`` or ``not run``."""
        found = self._read.get(stage)
        if found is None:
            return "not run"
        return "done" if isinstance(found, Result) and found.status == "ok" else "failed"

    @property
    def outcome(self) -> tuple[str, str]:
        """The same of the whole cell or ``partly run``, and why; no reason where it is done."""
        for stage, found in self._read.items():
            if isinstance(found, str):
                return "failed", f"{stage}: {short(told(found))}"
            if found.status == "failed":
                return "failed", f"{stage}: {short(told(found.reason))}"
        missing = [stage.replace("_", " ") for stage in self.stages if stage not in self._read]
        if not missing:
            return "done", ""
        if len(missing) == len(self.stages):
            return "not run", "no result yet"
        return "partly run", f"no result yet of {', '.join(missing)}"

    @property
    def named(self) -> str:
        """Its title, with its seed where that is not the first."""
        return self.title + (f", seed {self.seed}" if self.seed else "")

    def metric(self, stage: str, name: str, split: str) -> Metric | None:
        """A measured quantity; None where there is none."""
        result = self.results.get(stage)
        for metric in result.metrics if result and result.status == "ok" else []:
            if (metric.name, metric.split) == (name, split) and metric.value is not None:
                return metric
        return None


def planned(scale: str, root: Path) -> list[Run]:
    """Every cell of a scale, in the scale's order, then single signals.

    Raises:
        ConfigError: the scale's file is missing or wrong.
    """
    plan = Plan(scale)
    runs = [
        Run(scale, c.dataset, c.method, title_of(c.method), c.seed, c.stages, root)
        for c in plan.cells()
    ]
    runs += [
        Run(scale, dataset, method, title_of(method), seed, ("classification",), root)
        for dataset, method, seed in classified_cells(scale)
        if method in image_classifiers()
    ]
    alone = load_single_signal()
    if scale in alone.scales:
        stages = ("single_signal",)
        runs += [
            Run(scale, task, "single_signal", task.replace("_", " "), 0, stages, root)
            for task in alone.tasks
        ]
    return runs


class Fact(NamedTuple):
    """One line on all results; ``more`` values of it are in the list of runs alone."""

    name: str
    text: str
    more: int = 0


def facts(runs: Sequence[Run]) -> list[Fact]:
    """What the results say about themselves: date, code, machine, packages, time."""
    provenances = [r.provenance for run in runs for r in run.results.values() if r.provenance]
    if not provenances:
        return []
    seconds: Counter[str] = Counter()
    for run in runs:
        for stage, result in run.results.items():
            seconds[stage.replace("_", " ")] += round(spent(result))
    stages = ", ".join(f"{stage} {duration(took)}" for stage, took in seconds.most_common(5))
    packages = provenances[-1].packages
    return [
        Fact("Run on", _days(provenances)),
        _counted("Commit", (p.git_commit for p in provenances)),
        _counted("Machine", (p.machine for p in provenances)),
        Fact("Packages", ", ".join(f"{name} {version}" for name, version in packages.items())),
        Fact("Time", f"{duration(sum(seconds.values()))} in all stages ({stages})"),
    ]


def _days(provenances: Sequence[Provenance]) -> str:
    """The first and the last day, in UTC."""
    days = sorted(p.run_on.split()[0] for p in provenances if p.finished)
    if not days:
        return f"{UNKNOWN} (no result records its date)"
    text = " to ".join(dict.fromkeys((days[0], days[-1])))
    undated = len(provenances) - len(days)
    return text + (f" ({_results(undated)} without a date)" if undated else "")


def spent(result: Result) -> float:
    """Seconds of a stage: of its last run, or of its training where earlier runs began that."""
    trained = sum(m.value or 0 for m in result.metrics if m.name.startswith("training_seconds"))
    return max(trained, result.provenance.wall_seconds if result.provenance else 0)


def duration(seconds: float) -> str:
    """``7 s``, ``12 min``, ``3 h 20 min``."""
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60:,} h {minutes % 60} min"


def _counted(name: str, values: Iterable[str]) -> Fact:
    """The values, the most frequent first, with counts where there are several."""
    counts = Counter(values).most_common()
    if len(counts) == 1:
        return Fact(name, counts[0][0])
    shown = ", ".join(f"{value} ({_results(count)})" for value, count in counts[:MOST_VALUES])
    return Fact(name, shown, max(0, len(counts) - MOST_VALUES))


def _results(count: int) -> str:
    return f"{count} result{'s' * (count != 1)}"
