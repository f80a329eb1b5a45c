"""A cell, its files, its data and its trained field: what every stage works on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from benchmarks.datasets.dataset import Dataset, Split, open_prepared
from benchmarks.datasets.splits import fitting_splits, spaced
from benchmarks.records.provenance import code_digest, sha256
from benchmarks.records.result import Result, SplitName, prepared_path, read_result, result_path
from benchmarks.settings.cell import Cell
from benchmarks.settings.digest import digest
from benchmarks.settings.fields import build_field, field_module
from benchmarks.stages.classification.heads import build_head, head_module
from lift.checkpoint import Checkpoint, CheckpointError, load_tensors
from lift.field import NeuralField
from lift.functaset import Functaset, open_functaset
from lift.meta.labels import LatentClassifier, attach
from lift.meta.parallel import ALONE, Team


class StageError(RuntimeError):
    """A stage cannot run, for a reason that its user can mend."""


def modules_of(cell: Cell) -> list[str]:
    """The modules that define a cell's field, and its classifier where it has one."""
    labels = cell.training.fit.labels
    return [field_module(cell.training.field), *([head_module(labels.head)] if labels else [])]


@dataclass(frozen=True)
class Experiment:
    """A cell, where its files are, and the processes that work on it."""

    cell: Cell
    results: Path
    data: Path
    device: torch.device
    resume_anyway: bool = False
    team: Team = ALONE

    def path(self, stage: str) -> Path:
        """The JSON of one of this cell's stages."""
        training = self.cell.training
        return result_path(
            self.results,
            self.cell.scale,
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
        """The cell's field with fresh weights, on the device; with a classifier where it has one.

        Raises:
            StageError: it has, and the data set has no classes.
        """
        training = self.cell.training
        torch.manual_seed(training.seed)
        field = build_field(training.field, self.dataset.domain, training.settings)
        if labels := training.fit.labels:
            if not self.dataset.classes:
                raise StageError(f"fit.labels: signals of {training.dataset} have no classes")
            shapes = {name: tuple(z.shape[1:]) for name, z in field.zero_latent(1).items()}
            head = build_head(labels.head, shapes, len(self.dataset.classes), labels.settings)
            attach(field, LatentClassifier(head, labels.weight))
        return field.to(self.device)

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

    def fit_checkpoint(self) -> Checkpoint:
        """The training's state, named by the settings and data that its weights depend on."""
        training = self.cell.training
        settings = training.model_dump(mode="json") | {"fit": training.fit.identity()}
        code = code_digest(
            "lift.meta.training", *modules_of(self.cell), "benchmarks.datasets.splits"
        )
        return Checkpoint(
            self.directory / "checkpoint.safetensors",
            {**settings, "data": digest(self.dataset.manifest)},
            code,
            resume_anyway=self.resume_anyway,
        )

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

    def functaset(self, weights: str) -> Functaset:
        """The cell's latents, one for each encoded signal and in their order.

        Raises:
            StageError: another number of signals was encoded than the configuration says.
            FunctasetError: the latents are missing, damaged, or another field's.
        """
        directory = self.directory / "functaset"
        opened = open_functaset(directory, weights)
        for name, split in self.encoded().items():
            found = len(next(iter(opened.splits[name].values())))
            if found != len(split):
                raise StageError(
                    f"{directory}: {found} {name} latents, expected {len(split)} as configured; "
                    "encode again"
                )
        return opened

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


def _chosen(available: int, count: int | None) -> list[int]:
    return spaced(available, min(count or available, available))
