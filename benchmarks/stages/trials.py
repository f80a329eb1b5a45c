"""Trainings of a configured cell with some settings changed, read where they are finished."""

from __future__ import annotations

import argparse
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


def train(
    scale: str, dataset: str, trial: str, changes: dict[str, Any], seed: int, place: Place
) -> tuple[Experiment, Result | None]:
    """Trains METHOD+NAME unless it is finished; the result is None where it diverged.

    That a trial diverged is kept as a failed result, so that it is not trained again.

    Raises:
        ConfigError: a trial of this name has other changes, or a change is wrong.
    """
    write_trial(scale, dataset, trial, changes, place.results)
    cell = resolve(scale, dataset, trial, seed, place.results)
    experiment = Experiment(cell, place.results, place.data, place.device)
    path = experiment.path("fit")
    result = read_result(path) if path.exists() else None
    if result is None or not result.provenance or result.provenance.config_hash != digest(cell):
        with written_here(path):
            result = measured("fit", experiment, tried)
            write_result(path, result)
    return experiment, result if result.status == "ok" else None


def tried(experiment: Experiment) -> Outcome:
    """What a training has to say, that it diverged too."""
    try:
        return fit.run(experiment)
    except TrainingDivergedError as error:
        return Outcome([], failure=str(error))
