"""Which cells a scale has, which results are wanted of them, and which programs make those."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.records.result import prepared_path, result_path
from benchmarks.settings.cell import resolve
from benchmarks.settings.method import image_classifiers, load_methods
from benchmarks.settings.names import parse_cell
from benchmarks.settings.reading import ConfigError
from benchmarks.settings.scale import ScaleConfig, find_dataset, load_scale
from benchmarks.stages.ablate import find_ablation
from benchmarks.stages.classification.settings import classified_cells
from benchmarks.stages.generation.settings import generation_config
from benchmarks.stages.single_signal.settings import load_single_signal
from benchmarks.stages.stage import stage_module
from benchmarks.tables.published import load_published
from benchmarks.workflow import triggers

ROOT = Path("results")
PIXELS = "|".join(image_classifiers())
"""Methods that classify pixels, as a pattern."""
PIXEL_PROGRAM = "benchmarks.stages.classification.classify_pixels"
SPECTRAL_BIAS = "spectral_bias/spectral_bias.png"


@dataclass(frozen=True)
class PlannedCell:
    """A cell, named as wildcards name it, and the results that are wanted of it."""

    scale: str
    dataset: str
    method: str
    seed: int
    wanted: tuple[str, ...]

    @property
    def stages(self) -> tuple[str, ...]:
        """All stages that lead to what is wanted, in their order."""
        return ("fit", "encode", *self.wanted)

    @property
    def results(self) -> list[str]:
        """The JSONs of all stages."""
        return [self.result(stage) for stage in self.stages]

    def result(self, stage: str) -> str:
        """The path of a stage's JSON."""
        return str(result_path(ROOT, self.scale, self.dataset, self.method, self.seed, stage))

    @property
    def log(self) -> str:
        """Where its programs' output goes."""
        return str(Path(self.result("fit")).with_name("logs") / "cell.log")

    @property
    def prepared(self) -> str:
        """The JSON of its data set."""
        return str(prepared_path(ROOT, self.dataset))

    @property
    def settings(self) -> dict[str, Any]:
        """All that the results depend on, besides code."""
        known = {stage: triggers.SETTINGS[stage] for stage in self.wanted}
        return {stage: settings_of(self) for stage, settings_of in known.items()}

    @property
    def code(self) -> dict[str, str]:
        """The code behind each result."""
        return {stage: triggers.stage_digest(stage)(self) for stage in self.stages}


class Plan:
    """The cells of one scale."""

    def __init__(self, scale: str, jobs: str | None = None) -> None:
        self.scale_config: ScaleConfig = load_scale(scale)
        self.whole_cells = (jobs or self.scale_config.jobs) == "cell"

    def results(self) -> list[str]:
        """Every result that the tables read, and every figure."""
        scale = self.scale_config.scale
        alone = load_single_signal()
        tasks = alone.tasks if scale in alone.scales else {}
        paths = [cell.result(stage) for cell in self.cells() for stage in cell.wanted]
        paths += [
            str(result_path(ROOT, scale, *cell, "classification"))
            for cell in classified_cells(scale)
            if cell[1] in image_classifiers()
        ]
        paths += [path for method in costs() for path in method.results]
        paths += [
            str(result_path(ROOT, scale, task, "single_signal", 0, "single_signal"))
            for task in tasks
        ]
        paths += [
            str(ROOT / scale / dataset / "lift_relift.png")
            for dataset, data in self.scale_config.datasets.items()
            if {"lift", "relift"} <= set(data.methods)
        ]
        return [*paths, *([str(ROOT / scale / SPECTRAL_BIAS)] if tasks else [])]

    def cells(self) -> list[PlannedCell]:
        """Every cell, and the last results that are wanted of it."""
        return [
            PlannedCell(self.scale_config.scale, dataset, method, seed, wanted)
            for dataset, data in self.scale_config.datasets.items()
            for method in data.methods
            for wanted in [self._wanted(dataset, method)]
            for seed in self.scale_config.seeds
        ]

    def _wanted(self, dataset: str, method: str) -> tuple[str, ...]:
        """The last stages of a cell; stage 2 where the scale has settings for it."""
        scale, seed = self.scale_config.scale, self.scale_config.seeds[0]
        wanted = ["reconstruction"]
        try:
            cell = resolve(scale, dataset, method, seed)
            if cell.training.fit.snapshots:
                wanted.append("learning_curve")
            if cell.generation is not None:
                generation_config(cell)
                wanted += ["interpolation", "generation"]
        except ConfigError as error:  # this cell fails with it, and no other
            print(f"{scale}/{dataset}/{method}: {error}", file=sys.stderr)
        if (dataset, method, seed) in classified_cells(scale):
            wanted += ["encode_copies", "classification"]
        return tuple(wanted)

    def first_trainings(self, wildcards: Any) -> list[str]:
        """What the figure of LIFT and ReLIFT reads: the first seed of both."""
        seed = load_scale(wildcards.scale).seeds[0]
        return [
            str(result_path(ROOT, wildcards.scale, wildcards.dataset, name, seed, "fit"))
            for name in ("lift", "relift")
        ]

    def learning_curves(self, wildcards: Any) -> list[str]:
        """What a comparison at equal budgets reads: every seed of every method."""
        scale = load_scale(wildcards.scale)
        return [
            str(result_path(ROOT, wildcards.scale, wildcards.dataset, name, seed, "learning_curve"))
            for name in find_dataset(scale, wildcards.dataset).methods
            for seed in scale.seeds
        ]


def prepared_for_ablation(wildcards: Any) -> str:
    """The data that an ablation's trainings read."""
    return str(prepared_path(ROOT, parse_cell(find_ablation(wildcards.ablation).cell).dataset))


def stages(*names: str) -> Callable[[Any], str]:
    """The programs that make these stages' JSONs."""
    return commands(*map(stage_module, names))


def commands(*modules: str) -> Callable[[Any], str]:
    """The programs of a job, as they are typed by hand, for the cell that wildcards name."""

    def of(wildcards: Any) -> str:
        cell = (
            f"--scale {wildcards.scale} --dataset {wildcards.dataset} "
            f"--method {wildcards.method} --seed {wildcards.seed}"
        )
        return " ".join(f"-- {module} {cell}" for module in modules)

    return of


@dataclass(frozen=True)
class Costs:
    """A method, and the data set and name of every row that its costs fill."""

    method: str
    rows: tuple[tuple[str, str], ...]

    @property
    def results(self) -> list[str]:
        """Their JSONs."""
        return [str(result_path(ROOT, "published", *row, 0, "cost")) for row in self.rows]

    @property
    def commands(self) -> str:
        """The programs that make them."""
        program = stage_module("cost")
        return " ".join(
            f"-- {program} --dataset {data} --method {name}" for data, name in self.rows
        )


def costs() -> list[Costs]:
    """The costs of every method, and of each of its variants that a table has a row for."""
    shown = {
        (row.dataset or table.dataset, row.method)
        for table in load_published().tables.values()
        for row in table.rows
    }
    return [
        Costs(
            base,
            tuple(
                (dataset, name)
                for dataset in method.settings
                for name in (base, *(v for v in method.variants if (dataset, v) in shown))
            ),
        )
        for base, method in load_methods().items()
    ]
