"""Trainings of a configured cell with some settings changed, read where they are finished."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from benchmarks.records.result import Result, read_result, write_result
from benchmarks.settings.cell import resolve
from benchmarks.settings.digest import digest
from benchmarks.settings.trial import write_trial
from benchmarks.stages import fit
from benchmarks.stages.experiment import Experiment
from benchmarks.stages.lock import written_here
from benchmarks.stages.stage import measured
from lift.progress import TrainingDivergedError


@dataclass(frozen=True)
class Place:
    """Where trials are trained, and from which data."""

    results: Path
    data: Path
    device: torch.device


def train(
    scale: str, dataset: str, trial: str, changes: dict[str, Any], seed: int, place: Place
) -> tuple[Experiment, Result | None]:
    """Trains METHOD+NAME unless it is finished; the result is None where it diverged.

    Raises:
        ConfigError: a trial of this name has other changes, or a change is wrong.
    """
    write_trial(scale, dataset, trial, changes, place.results)
    cell = resolve(scale, dataset, trial, seed, place.results)
    experiment = Experiment(cell, place.results, place.data, place.device)
    path = experiment.path("fit")
    if path.exists():
        found = read_result(path)
        made_with = found.provenance.config_hash if found.provenance else ""
        if found.status == "ok" and made_with == digest(cell):
            return experiment, found
    with written_here(path):
        try:
            result = measured("fit", experiment, fit.run)
        except TrainingDivergedError:
            return experiment, None
        write_result(path, result)
    return experiment, result
