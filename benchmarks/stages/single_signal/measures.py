"""What the trainings of one network on one task have to say."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from statistics import mean

import pandas as pd

from benchmarks.records.result import Metric
from benchmarks.stages.experiment import StageError
from benchmarks.stages.single_signal.fitting import Comparison, predict
from benchmarks.stages.single_signal.networks import macs, parameters
from benchmarks.stages.single_signal.search import Searched
from benchmarks.stages.single_signal.tasks import SignalTask
from lift.checkpoint import described
from lift.network_training import Trained
from lift.progress import Row, TrainingDivergedError

UNITS = {"psnr": "dB", "seconds": "s"}
SUFFIXES = {"adam": "", "muon": "_muon"}
"""Of the metrics of a training, by its optimiser."""
Runs = dict[str, list[Trained]]
"""Trainings by optimiser, one a seed and signal, in the order of their comparisons."""


def trainings(comparisons: Sequence[Comparison], searched: Searched) -> tuple[Runs, dict[str, str]]:
    """For every seed and signal the training by Adam, and the one by Muon; or which one diverged.

    Raises:
        StageError: by neither did all trainings stay finite.
    """
    runs: Runs = {}
    diverged = {}
    for optimiser, choice in {"adam": searched.adam, "muon": searched.muon}.items():
        try:
            runs[optimiser] = [one.final(optimiser, choice) for one in comparisons]
        except TrainingDivergedError as error:
            print(error, file=sys.stderr)
            diverged[optimiser] = str(error)
    if not runs:
        raise StageError(f"{comparisons[0].method}: no training stayed finite")
    return runs, diverged


def method_metrics(
    comparisons: Sequence[Comparison],
    searched: Searched,
    runs: Runs,
    diverged: Mapping[str, str],
) -> list[Metric]:
    """A network's metrics: means over the task's signals and over seeds, and what was chosen.

    Where a training diverged its optimiser has no PSNR, and a note says which one did.
    """
    method = comparisons[0].method
    note = described([c for trained in runs.values() for one in trained for c in one.continued])
    points = {one.task.signal: len(one.task.grid) for one in comparisons}
    measures = [
        Metric(
            name=f"{method}_{name}",
            value=value,
            unit=UNITS.get(name.split("_")[0], "1"),
            split="none",
            samples=sum(points.values()),
            note=note if name.startswith("psnr") else "",
        )
        for name, value in _values(comparisons, searched, runs)
    ]
    for optimiser, why in diverged.items():
        name = f"{method}_psnr{SUFFIXES[optimiser]}"
        measures.append(Metric(name=name, value=None, unit="dB", split="none", note=why))
    return measures


def _values(
    comparisons: Sequence[Comparison], searched: Searched, runs: Runs
) -> Iterator[tuple[str, float | None]]:
    yield "first_factor", searched.adam.first
    yield "hidden_factor", searched.adam.hidden
    yield "rate", searched.adam.rate
    yield "hidden_factor_muon", searched.muon.hidden
    yield "muon_rate", searched.muon.muon
    for choice, score in searched.scores.items():
        yield f"score_{choice}", score if math.isfinite(score) else None
    for optimiser, trained in runs.items():
        suffix = SUFFIXES[optimiser]
        found = pd.DataFrame(
            {"seed": one.seed, "signal": one.task.signal, **measured(one.task, run)}
            for one, run in zip(comparisons, trained, strict=True)
        )
        for name in found.columns.drop(["seed", "signal"]):
            yield name + suffix, float(found[name].mean())
        by_seed = found.groupby("seed")["psnr"].mean()
        if len(by_seed) > 1:
            yield f"psnr{suffix}_deviation", float(by_seed.std())
        by_signal = found.groupby("signal", sort=False)["psnr"].mean()
        if len(by_signal) > 1:
            for signal, decibels in by_signal.items():
                yield f"psnr{suffix}_{signal}", float(decibels)
    network = next(iter(runs.values()))[0].network
    yield "parameters", parameters(network)
    yield "macs", macs(network)


def measured(task: SignalTask, trained: Trained) -> dict[str, float]:
    """A trained network's metrics on its task, and the seconds that its training took."""
    prediction = predict(trained.network, task.grid).cpu()
    return task.measure(prediction) | {"seconds": trained.curve[-1]["seconds"] or 0.0}


def mean_curve(trained: Sequence[Trained]) -> list[Row]:
    """PSNR over steps, the mean over signals and seeds."""
    return [
        {"step": rows[0]["step"], "psnr": mean(row["psnr"] or 0.0 for row in rows)}
        for rows in zip(*(one.curve for one in trained), strict=True)
        if rows[0].get("psnr") is not None
    ]
