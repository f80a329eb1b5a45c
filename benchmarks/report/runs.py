"""What a scale was to run, and what came of each cell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from benchmarks.records.result import Metric, Result, ResultError, read_result, result_path
from benchmarks.settings.method import image_classifiers
from benchmarks.stages.classification.settings import classified_cells
from benchmarks.stages.single_signal.settings import load_single_signal
from benchmarks.tables.about import short
from benchmarks.tables.sources import told
from benchmarks.tables.titles import title_of
from benchmarks.workflow.plan import Plan


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
        for stage in self.stages:
            if self._path(stage).exists():
                try:
                    found[stage] = read_result(self._path(stage))
                except ResultError as error:
                    found[stage] = str(error)
        return found

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


def facts(runs: Sequence[Run]) -> list[tuple[str, str]]:
    """What the results say about themselves: code, machine, packages, time."""
    provenances = [r.provenance for run in runs for r in run.results.values() if r.provenance]
    if not provenances:
        return []
    seconds: Counter[str] = Counter()
    for run in runs:
        for stage, result in run.results.items():
            seconds[stage.replace("_", " ")] += round(_spent(result))
    stages = ", ".join(f"{stage} {duration(spent)}" for stage, spent in seconds.most_common(5))
    packages = provenances[-1].packages
    return [
        ("Commit", _counted(p.git_commit for p in provenances)),
        ("Machine", _counted(p.machine for p in provenances)),
        ("Packages", ", ".join(f"{name} {version}" for name, version in packages.items())),
        ("Time", f"{duration(sum(seconds.values()))} in all stages ({stages})"),
    ]


def _spent(result: Result) -> float:
    """Seconds of a stage: of its last run, or of its training where earlier runs began that."""
    trained = sum(m.value or 0 for m in result.metrics if m.name.startswith("training_seconds"))
    return max(trained, result.provenance.wall_seconds if result.provenance else 0)


def duration(seconds: float) -> str:
    """``7 s``, ``12 min``, ``3 h 20 min``."""
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60:,} h {minutes % 60} min"


def _counted(values: Iterable[str]) -> str:
    """The values, the most frequent first, with counts where there are several."""
    counts = Counter(values).most_common()
    if len(counts) == 1:
        return counts[0][0]
    shown = ", ".join(
        f"{value} ({count} result{'s' * (count != 1)})" for value, count in counts[:4]
    )
    return shown + (f" and {len(counts) - 4} more" if len(counts) > 4 else "")
