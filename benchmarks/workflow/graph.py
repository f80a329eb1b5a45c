"""What the Snakefile asks: which cells there are, and what each rule's outcome depends on."""

from __future__ import annotations

import functools
import math
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.records.provenance import code_digest, sha256
from benchmarks.records.result import ResultError, read_result, result_path
from benchmarks.settings.cell import resolve
from benchmarks.settings.dataset import load_dataset_config
from benchmarks.settings.fields import field_module
from benchmarks.settings.method import (
    find_method,
    image_classifiers,
    load_methods,
    published_settings,
)
from benchmarks.settings.reading import ConfigError
from benchmarks.settings.scale import ScaleConfig, load_scale
from benchmarks.stages.classification.heads import head_module
from benchmarks.stages.classification.settings import (
    Classification,
    classified_cells,
    resolve_classification,
    stored_copies,
)
from benchmarks.stages.generation.settings import DENOISERS, generation_config
from benchmarks.stages.single_signal.settings import load_single_signal
from benchmarks.tables.published import load_published

ROOT = Path("results")
DATA = Path("data")
Asked = TypeVar("Asked")
PIXELS = "|".join(image_classifiers())
"""Methods that classify pixels, as a pattern."""


class Plan:
    """The cells of one scale."""

    def __init__(self, scale: str) -> None:
        self.scale_config: ScaleConfig = load_scale(scale)

    def results(self) -> list[str]:
        """Every result that the tables read, and every figure."""
        cells = [
            result_path(ROOT, self.scale_config.scale, dataset, method, seed, stage)
            for dataset, data in self.scale_config.datasets.items()
            for method in data.methods
            for seed in self.scale_config.seeds
            for stage in self._stages(dataset, method)
        ]
        rows = {
            (row.dataset or table.dataset, row.method)
            for table in load_published().tables.values()
            for row in table.rows
        }
        costs = [
            result_path(ROOT, "published", dataset, name, 0, "cost")
            for base, method in load_methods().items()
            for dataset in method.settings
            for name in (base, *(v for v in method.variants if (dataset, v) in rows))
        ]
        alone = load_single_signal()
        tasks = alone.tasks if self.scale_config.scale in alone.scales else {}
        singles = [
            result_path(ROOT, self.scale_config.scale, task, "single_signal", 0, "single_signal")
            for task in tasks
        ]
        folder = ROOT / self.scale_config.scale
        figures = [
            folder / dataset / "lift_relift.png"
            for dataset, data in self.scale_config.datasets.items()
            if {"lift", "relift"} <= set(data.methods)
        ]
        figures += [folder / "spectral_bias" / "spectral_bias.png"] if tasks else []
        classified = [
            result_path(ROOT, self.scale_config.scale, *cell, "classification")
            for cell in classified_cells(self.scale_config.scale)
        ]
        return [str(path) for path in [*cells, *classified, *costs, *singles, *figures]]

    def _stages(self, dataset: str, method: str) -> list[str]:
        """The last stages of a cell; stage 2 where the scale has settings for it."""
        try:
            cell = resolve(self.scale_config.scale, dataset, method, self.scale_config.seeds[0])
            if cell.generation is None:
                return ["reconstruction"]
            generation_config(cell)
        except ConfigError as error:  # this cell fails with it, and no other
            print(f"{self.scale_config.scale}/{dataset}/{method}: {error}", file=sys.stderr)
            return ["reconstruction"]
        return ["reconstruction", "generation", "interpolation"]

    def learning_curves(self, wildcards: Any) -> list[str]:
        """What a comparison at equal budgets reads: every method's first seed."""
        methods = self.scale_config.datasets[wildcards.dataset].methods
        seed = self.scale_config.seeds[0]
        return [
            str(result_path(ROOT, wildcards.scale, wildcards.dataset, name, seed, "learning_curve"))
            for name in methods
        ]


def forget_failures(scale: str) -> None:
    """Removes the results of failed cells, so that every run tries them again."""
    for folder in (scale, "published", "prepared"):
        for path in ROOT.glob(f"{folder}/*/*/seed*/*.json"):
            try:
                failed = read_result(path).status == "failed"
            except ResultError:
                failed = True
            if failed:
                path.unlink()


def claimed(threads: int, cores: int) -> int:
    """Cores that a job claims of ``--cores`` so that its threads fit on this machine.

    ``--cores 8`` on two cores is eight eighths of two: a job of one thread claims four.
    """
    real = min(cores, os.cpu_count() or 1)
    return math.ceil((threads or real) * cores / real)


def or_mistake(ask: Callable[[Any], Asked]) -> Callable[[Any], Asked | str]:
    """What is asked of a cell; of one whose settings are wrong, the mistake: its stages say it."""

    @functools.wraps(ask)
    def told(wildcards: Any) -> Asked | str:
        try:
            return ask(wildcards)
        except (ConfigError, ImportError, SyntaxError) as error:
            return str(error)

    return told


@or_mistake
def training_config(wildcards: Any) -> dict[str, Any]:
    """All that trained weights depend on."""
    return _cell(wildcards).training.model_dump(mode="json")


@or_mistake
def cell_config(wildcards: Any) -> dict[str, Any]:
    """All that encoding and measured reconstructions depend on."""
    return _cell(wildcards).model_dump(mode="json", exclude={"generation"})


@or_mistake
def generate_config(wildcards: Any) -> dict[str, Any]:
    """All that generated signals depend on."""
    return _cell(wildcards).model_dump(mode="json", exclude={"evaluate"})


@or_mistake
def interpolate_config(wildcards: Any) -> dict[str, Any]:
    """All that interpolations depend on."""
    return _cell(wildcards).model_dump(mode="json", include={"training", "encode"})


@or_mistake
def copies_config(wildcards: Any) -> dict[str, Any]:
    """All that stored copies depend on."""
    stored = stored_copies(_classification(wildcards))
    return {"training": training_config(wildcards), "copies": stored}


@or_mistake
def classification_config(wildcards: Any) -> dict[str, Any]:
    """All that a classifier depends on, besides what it reads."""
    return _classification(wildcards).model_dump(mode="json")


@or_mistake
def cost_config(wildcards: Any) -> dict[str, Any]:
    """A method's published sizes."""
    return published_settings(wildcards.method, wildcards.dataset).field


def single_signal_config() -> dict[str, Any]:
    """The comparison on single signals."""
    return load_single_signal().model_dump(mode="json")


@or_mistake
def prepare_config(wildcards: Any) -> dict[str, Any]:
    """Where a data set comes from."""
    return load_dataset_config(wildcards.dataset).model_dump(mode="json")


def stage_digest(stage: str) -> Callable[[Any], str]:
    """The code behind a stage and the field it runs; imports are followed, formatting is not."""

    @or_mistake
    def of(wildcards: Any) -> str:
        return code_digest(
            f"benchmarks.stages.{stage}", field_module(_cell(wildcards).training.field)
        )

    return of


@or_mistake
def generate_digest(wildcards: Any) -> str:
    """The code behind generated signals: the stage, its field and its denoiser."""
    cell = _cell(wildcards)
    denoiser = DENOISERS[generation_config(cell).denoiser][0]
    return code_digest(
        "benchmarks.stages.generation.generate", field_module(cell.training.field), denoiser
    )


def classification_digest(program: str) -> Callable[[Any], str]:
    """The code behind a classification and its head."""

    @or_mistake
    def of(wildcards: Any) -> str:
        head = _classification(wildcards).settings.head
        return code_digest(f"benchmarks.stages.{program}", head_module(head))

    return of


@or_mistake
def cost_digest(wildcards: Any) -> str:
    """The code behind a cost."""
    return code_digest("benchmarks.stages.cost", field_module(find_method(wildcards.method).field))


@or_mistake
def prepare_digest(wildcards: Any) -> str:
    """The code behind a prepared data set."""
    loader = load_dataset_config(wildcards.dataset).loader
    return code_digest("benchmarks.stages.prepare", loader)


def data_report_digest() -> str:
    """The code behind the page on the data sets."""
    return code_digest("benchmarks.stages.data_report")


def prepared_manifests() -> dict[str, str]:
    """Hash of each prepared data set's manifest: what the page on the data sets shows."""
    return {path.parent.name: sha256(path) for path in sorted(DATA.glob("*/manifest.json"))}


def report_digest() -> str:
    """The code behind the tables."""
    return code_digest("benchmarks.tables.tables")


def _classification(wildcards: Any) -> Classification:
    return resolve_classification(wildcards.scale, wildcards.dataset, wildcards.method)


def _cell(wildcards: Any) -> Any:
    return resolve(wildcards.scale, wildcards.dataset, wildcards.method, int(wildcards.seed))
