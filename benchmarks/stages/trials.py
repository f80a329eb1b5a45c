"""Trainings of a configured cell with some settings changed, read where they are finished."""

from __future__ import annotations

import argparse
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch

from benchmarks.records.result import Provenance, Result, read_result, write_result
from benchmarks.settings.cell import resolve
from benchmarks.settings.digest import digest
from benchmarks.settings.trial import trial_path, write_trial
from benchmarks.stages import fit
from benchmarks.stages.experiment import Experiment
from benchmarks.stages.lock import written_here
from benchmarks.stages.stage import Outcome, add_threads, choose_device, measured
from lift.progress import TrainingDivergedError


@dataclass(frozen=True)
class Place:
    """Where trials are trained, and from which data."""

    results: Path
    data: Path
    device: torch.device


def arguments(description: str) -> argparse.ArgumentParser:
    """The arguments of programs that train trials."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--data", type=Path, default=Path("data"), help="prepared data sets")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    add_threads(parser, 1)
    return parser


def place_of(options: argparse.Namespace) -> Place:
    """Where the arguments say; sets the threads too.

    Raises:
        StageError: CUDA was asked for and is not there.
    """
    if options.threads:
        torch.set_num_threads(options.threads)
    return Place(options.results, options.data, choose_device(options.device))


class Trained(NamedTuple):
    """A trained trial; the result is None where it diverged."""

    experiment: Experiment
    result: Result | None


@dataclass(frozen=True)
class Trial:
    """A trial by what it changes of a configured cell: METHOD+NAME beside the cell itself."""

    scale: str
    dataset: str
    name: str
    changes: dict[str, Any]
    seed: int

    def experiment(self, place: Place) -> Experiment:
        """The trial's cell, whose changes are written down.

        Raises:
            ConfigError: a trial of this name has other changes, or a change is wrong.
        """
        write_trial(self.scale, self.dataset, self.name, self.changes, place.results)
        cell = resolve(self.scale, self.dataset, self.name, self.seed, place.results)
        return Experiment(cell, place.results, place.data, place.device)

    def finished(self, place: Place, *, apart: Collection[str] = ()) -> Trained | None:
        """What was trained by the same settings on the same data; None where nothing was.

        Args:
            apart: settings that the cell may have been given since, such as ``fit.rate``.

        Raises:
            ConfigError: as `experiment`.
        """
        if not trial_path(self.scale, self.dataset, self.name, place.results).exists():
            return None
        experiment = self.experiment(place)
        path = experiment.path("fit")
        result = read_result(path) if path.exists() else None
        if result is None or not result.provenance:
            return None
        if not _same(result.provenance, experiment, apart):
            return None
        return Trained(experiment, result if result.status == "ok" else None)

    def train(self, place: Place) -> Trained:
        """Trains it. That it diverged is kept as a failed result, and not tried again.

        Raises:
            ConfigError: as `experiment`.
        """
        experiment = self.experiment(place)
        path = experiment.path("fit")
        with written_here(path):
            result = measured("fit", experiment, tried)
            write_result(path, result)
        return Trained(experiment, result if result.status == "ok" else None)


def _same(made: Provenance, experiment: Experiment, apart: Collection[str]) -> bool:
    """Whether a result is of a trial's settings, some apart, and of its data if it says so."""
    trained = {name: value for name, value in made.config.items() if name != "data"}
    before, now = (_without(apart, c) for c in (trained, experiment.cell.model_dump(mode="json")))
    data = digest(experiment.dataset.manifest)
    return digest(before) == digest(now) and made.config.get("data", data) == data


def _without(apart: Collection[str], cell: dict[str, Any]) -> dict[str, Any]:
    """A cell as JSON without some settings of ``fit`` and ``field``."""
    training = dict(cell["training"])
    for group, place in {"fit": "fit", "field": "settings"}.items():
        training[place] = {
            name: value for name, value in training[place].items() if f"{group}.{name}" not in apart
        }
    return {**cell, "training": training}


def tried(experiment: Experiment) -> Outcome:
    """What a training has to say, that it diverged too."""
    try:
        return fit.run(experiment)
    except TrainingDivergedError as error:
        data = {"data": digest(experiment.dataset.manifest)}
        return Outcome([], config=data, failure=str(error))
