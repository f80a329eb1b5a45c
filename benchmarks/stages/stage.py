"""What all stages share: the command line, the cell's paths, and the JSON that is left behind."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.config import Cell, digest, resolve
from benchmarks.datasets.dataset import Dataset, Split, open_prepared
from benchmarks.datasets.splits import fitting_splits, spaced
from benchmarks.methods import build_field, field_module
from benchmarks.provenance import (
    code_digest,
    git_commit,
    packages,
    peak_memory_bytes,
    sha256,
)
from benchmarks.results import (
    Budget,
    Metric,
    Provenance,
    Result,
    SplitName,
    Stage,
    prepared_path,
    read_result,
    result_path,
    write_result,
)
from lift.checkpoint import CheckpointError, load_tensors
from lift.field import NeuralField

PROGRAMS: dict[str, str] = {
    "reconstruction": "reconstruct",
    "generation": "generate",
    "interpolation": "interpolate",
    "classification": "classify",
}
"""Stages whose program has another name than their JSON."""


class StageError(RuntimeError):
    """A stage cannot run, for a reason that its user can mend."""


@dataclass(frozen=True)
class Experiment:
    """A cell and where its files are."""

    cell: Cell
    results: Path
    data: Path
    device: torch.device

    def path(self, stage: str) -> Path:
        """The JSON of one of this cell's stages."""
        training = self.cell.training
        return result_path(
            self.results,
            self.cell.profile,
            training.dataset,
            training.method,
            training.seed,
            stage,
        )

    @property
    def directory(self) -> Path:
        """The folder of this cell."""
        return self.path("fit").parent

    @property
    def feature_cache(self) -> Path:
        """Features of images by their content, shared by all cells."""
        return self.results / "features"

    @cached_property
    def dataset(self) -> Dataset:
        """The prepared data set.

        Raises:
            StageError: preparing it failed.
        """
        path = prepared_path(self.results, self.cell.training.dataset)
        if path.exists() and read_result(path).status == "failed":
            raise StageError(read_result(path).reason)
        return open_prepared(self.data / self.cell.training.dataset)

    def new_field(self) -> NeuralField:
        """The cell's field with fresh weights, on the device."""
        training = self.cell.training
        torch.manual_seed(training.seed)
        return build_field(training.field, self.dataset.domain, training.settings).to(self.device)

    def trained_field(self) -> tuple[NeuralField, str]:
        """The cell's field with its trained weights, and the hash of their file.

        Raises:
            StageError: training failed or is missing, or the weights are not those it wrote.
        """
        result = self.upstream("fit")
        weights = self.directory / "field.safetensors"
        recorded = result.artifacts[weights.name]
        found = sha256(weights) if weights.exists() else "nothing"
        if found != recorded:
            raise StageError(
                f"{weights}: SHA-256 {found[:12]}, expected {recorded[:12]} as {self.path('fit')} "
                "says; fit again"
            )
        trained = self.new_field()
        try:
            trained.load_state_dict(load_tensors(weights)[0])
        except RuntimeError as error:
            raise CheckpointError(f"{weights}: not this field's weights ({error})") from error
        return trained.eval(), recorded

    def upstream(self, stage: str) -> Result:
        """The result of an earlier stage.

        Raises:
            StageError: that stage failed.
        """
        result = read_result(self.path(stage))
        if result.status == "failed":
            raise StageError(f"{stage} failed: {result.reason}")
        return result

    def fit_identity(self) -> str:
        """Names everything that the trained weights depend on, and nothing else."""
        training = self.cell.training
        code = code_digest(
            "lift.training", field_module(training.field), "benchmarks.datasets.splits"
        )
        return f"{digest(training)}-{code}-{digest(self.dataset.manifest)}"

    def splits(self) -> tuple[Split, Split]:
        """Training and validation signals: disjoint parts of the training split."""
        training = self.cell.training
        return fitting_splits(self.dataset, training.train, training.validation)

    def encoded(self) -> dict[SplitName, Split]:
        """The signals of each split that become latents, in the functaset's order."""
        counts = self.cell.encode
        fitted, _ = self.splits()
        return {
            "train": fitted.subset(_chosen(len(fitted), counts.train)),
            "test": self.dataset.test.subset(_chosen(len(self.dataset.test), counts.test)),
        }

    def grids(self, split: Split, indices: np.ndarray) -> np.ndarray:
        """Some signals of a split, ``(n, R, ..., R, C)`` float32 in ``[0, 1]``."""
        domain = self.dataset.domain
        shape = (*[domain.resolution] * domain.dimensions, domain.channels)
        return split.batch(indices).reshape(-1, *shape).numpy()

    def evaluated(self) -> dict[SplitName, np.ndarray]:
        """Positions, among the encoded signals, of those whose reconstructions are measured."""
        counts: dict[SplitName, int | None] = {
            "train": self.cell.evaluate.train,
            "test": self.cell.evaluate.test,
        }
        return {
            name: np.array(_chosen(len(split), counts[name]))
            for name, split in self.encoded().items()
        }


@dataclass
class Outcome:
    """What a stage has to say."""

    metrics: list[Metric]
    budget: Budget | None = None
    artifacts: dict[str, str] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    """What the numbers depend on besides the cell."""


def arguments(description: str) -> argparse.ArgumentParser:
    """The arguments that every stage takes."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--profile", default="demo", help="config/scale/PROFILE.yaml")
    parser.add_argument("--dataset", required=True)
    parser.add_argument("--method", required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--data", type=Path, default=Path("data"), help="prepared data sets")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; 0 takes all")
    return parser


def choose_device(name: str) -> torch.device:
    """``auto`` takes the GPU where there is one.

    Raises:
        StageError: CUDA was asked for and is not there.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda":
        if not torch.cuda.is_available():
            raise StageError("--device cuda: no CUDA device is visible; use --device cpu or auto")
        # The same seed gives the same numbers, on a GPU too.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True)
    return torch.device(name)


def main(stage: Stage, run: Callable[[Experiment], Outcome], description: str) -> None:
    """Runs one stage from the command line.

    A failure that has a reason is one line on standard error and exit code 1; nothing is written.
    """
    options = arguments(description).parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    began = time.monotonic()
    try:
        cell = resolve(options.profile, options.dataset, options.method, options.seed)
        experiment = Experiment(cell, options.results, options.data, choose_device(options.device))
        # Taken before the work: files may change while a long training runs.
        code = code_digest(stage_module(stage), field_module(cell.training.field))
        commit = git_commit()
        outcome = run(experiment)
        config = {**cell.model_dump(mode="json"), **outcome.config}
        provenance = Provenance(
            config=config,
            config_hash=digest(config),
            code_digest=code,
            git_commit=commit,
            packages=packages(),
            device=device_name(experiment.device),
            threads=torch.get_num_threads(),
            wall_seconds=round(time.monotonic() - began, 2),
            peak_memory_bytes=peak_memory_bytes(experiment.device),
        )
        result = Result(
            stage=stage,
            profile=cell.profile,
            dataset=cell.training.dataset,
            method=cell.training.method,
            seed=cell.training.seed,
            status="ok",
            metrics=outcome.metrics,
            budget=outcome.budget,
            artifacts=outcome.artifacts,
            provenance=provenance,
        )
        write_result(experiment.path(stage), result)
    except (RuntimeError, ValueError, OSError) as error:
        sys.exit(f"{stage}: {error}")


def stage_module(stage: Stage) -> str:
    """The program of a stage."""
    return f"benchmarks.stages.{PROGRAMS.get(stage, stage)}"


def _chosen(available: int, count: int | None) -> list[int]:
    return spaced(available, min(count or available, available))


def device_name(device: torch.device) -> str:
    """How results name a device."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"
