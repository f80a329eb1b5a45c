"""How every stage is run: its command line, and the JSON that it leaves behind."""

from __future__ import annotations

import argparse
import importlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from benchmarks.records.provenance import code_digest
from benchmarks.records.recording import Recording
from benchmarks.records.result import Budget, Metric, Result, Stage, write_result
from benchmarks.settings.scale import LARGEST_SEED, MOST_THREADS
from benchmarks.stages.experiment import Experiment, StageError, modules_of
from benchmarks.stages.failure import one_line
from benchmarks.stages.lock import written_here
from benchmarks.stages.parent import end_with
from benchmarks.stages.terminal import Announced, Trains, about
from lift.meta.parallel import joined, local_rank, processes

PROGRAMS: dict[str, str] = {
    "reconstruction": "reconstruct",
    "generation": "generation.generate",
    "interpolation": "interpolate",
    "classification": "classification.classify",
    "encode_copies": "classification.encode_copies",
}
"""Stages whose program has another name than their JSON."""
OF_NETWORKS = ("generation", "classification")
"""Stages that train a network on latents; all others work with fields."""
NEXT: dict[str, Stage] = {
    "fit": "encode",
    "encode": "reconstruction",
    "encode_copies": "classification",
}
"""The stage that reads what one has left; after all others come the tables."""


@dataclass
class Outcome:
    """What a stage has to say."""

    metrics: list[Metric]
    budget: Budget | None = None
    artifacts: dict[str, str] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    """What the numbers depend on besides the cell."""
    failure: str = ""
    """Why there are none, where that is a finding and no fault."""


def arguments(description: str) -> argparse.ArgumentParser:
    """The arguments that every stage takes."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--scale", default="demo", help="config/scales/SCALE.yaml")
    parser.add_argument("--dataset", required=True)
    parser.add_argument("--method", required=True)
    parser.add_argument("--seed", type=up_to(LARGEST_SEED), default=0)
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--data", type=Path, default=Path("data"), help="prepared data sets")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    add_resume_anyway(parser)
    add_threads(parser, 0)
    return parser


def up_to(largest: int) -> Callable[[str], int]:
    """The type of an argument: a whole number from 0."""

    def number(text: str) -> int:
        if not text.isdecimal() or int(text) > largest:
            raise argparse.ArgumentTypeError(
                f"{text!r}, expected a whole number from 0 to {largest}"
            )
        return int(text)

    return number


def add_threads(parser: argparse.ArgumentParser, default: int) -> None:
    """The argument of every program that computes."""
    parser.add_argument(
        "--threads", type=up_to(MOST_THREADS), default=default, help="CPU threads; 0 takes all"
    )


def add_resume_anyway(parser: argparse.ArgumentParser) -> None:
    """The argument of every program that trains."""
    parser.add_argument(
        "--resume-anyway",
        action="store_true",
        help="continue a checkpoint of other settings too",
    )


def choose_device(name: str) -> torch.device:
    """``auto`` takes the GPU where there is one; of several processes each takes its own.

    Raises:
        StageError: CUDA was asked for and is not there, or not for every process.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda":
        own, visible = local_rank(), torch.cuda.device_count()
        if not visible:
            raise StageError("--device cuda: no CUDA device is visible; use --device cpu or auto")
        if own >= visible:
            raise StageError(
                f"--device cuda: {visible} visible, none for process {own + 1} of this machine; "
                "start no more processes than GPUs, or use --device cpu"
            )
        # The same seed gives the same numbers, on a GPU too.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True)
        torch.backends.cudnn.allow_tf32 = False  # convolutions would round float32 to 10 bits
        torch.cuda.set_device(own)
    return torch.device(name)


def main(
    stage: Stage,
    run: Callable[[Experiment], Outcome],
    description: str,
    training: Callable[[Experiment], Trains] | None = None,
    *,
    shared: bool = False,
) -> None:
    """Runs one stage from the command line.

    A failure that has a reason is one line on standard error and exit code 1; nothing is written.

    Args:
        training: how the stage trains, if it does, for its first line.
        shared: whether the processes that ``torchrun`` starts share its work; the first one holds
            the lock, writes and speaks.
    """
    options = arguments(description).parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    if processes() > 1:
        end_with(os.getppid())
    with one_line(stage, shared=shared), joined() as team:
        # By name: other stages' code is none of this one's, and makes none of its results old.
        settings = importlib.import_module("benchmarks.stages.settings")
        names = (options.scale, options.dataset, options.method, options.seed)
        cell = settings.resolve_all(*names, options.results).cell
        if cell is None:
            raise StageError(f"--method {options.method}: classifies pixels, and has no {stage}")
        experiment = Experiment(
            cell,
            options.results,
            options.data,
            choose_device(options.device),
            options.resume_anyway,
            team,
        )
        path = experiment.path(stage)
        if not team.first:
            team.wait()  # until the first one holds the lock
            measured(stage, experiment, run)
            return
        with written_here(path):
            team.wait()
            told = Announced(stage, path, *about(experiment, training and training(experiment)))
            result = measured(stage, experiment, run)
            write_result(path, result)
            told.end(result.metrics, next_command(stage, options))


def next_command(stage: str, options: argparse.Namespace) -> str:
    """What is run after a stage, as it is typed."""
    roots = {"results": "results", "data": "data"}
    given = {name: getattr(options, name, Path(usual)) for name, usual in roots.items()}
    moved = {name: path for name, path in given.items() if path != Path(roots[name])}
    if stage not in NEXT:
        root = f" --root {moved['results']}" if "results" in moved else ""
        return f"python -m benchmarks.tables.tables --scale {options.scale}{root}"
    words = [
        *("python", "-m", stage_module(NEXT[stage]), "--scale", options.scale),
        *("--dataset", options.dataset, "--method", options.method),
        *(["--seed", str(options.seed)] if options.seed else []),
    ]
    for name, path in moved.items():
        words += [f"--{name}", str(path)]
    return " ".join(words)


def measured(stage: Stage, experiment: Experiment, run: Callable[[Experiment], Outcome]) -> Result:
    """Runs a stage; what it found, and where that comes from."""
    cell = experiment.cell
    code = code_digest(stage_module(stage), *modules_of(cell))
    of_field = stage not in OF_NETWORKS
    recording = Recording(code, experiment.device, experiment.team.size, of_field=of_field)
    outcome = run(experiment)
    return Result(
        stage=stage,
        scale=cell.scale,
        dataset=cell.training.dataset,
        method=cell.training.method,
        seed=cell.training.seed,
        status="failed" if outcome.failure else "ok",
        reason=outcome.failure,
        metrics=outcome.metrics,
        budget=outcome.budget,
        artifacts=outcome.artifacts,
        provenance=recording.provenance({**cell.model_dump(mode="json"), **outcome.config}),
    )


def stage_module(stage: str) -> str:
    """The program of a stage."""
    return f"benchmarks.stages.{PROGRAMS.get(stage, stage)}"
