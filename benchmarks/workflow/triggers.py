"""What each rule's outcome depends on: what of it changes makes the rule run again."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.datasets.location import data_root
from benchmarks.metrics import inception
from benchmarks.records.provenance import code_digest, sha256
from benchmarks.settings import folders
from benchmarks.settings.cell import Cell, resolve
from benchmarks.settings.dataset import known_datasets, load_dataset_config
from benchmarks.settings.fields import field_module
from benchmarks.settings.folders import CONFIG, files
from benchmarks.settings.method import find_method, published_settings
from benchmarks.settings.names import parse_cell
from benchmarks.settings.reading import ConfigError
from benchmarks.stages.ablate import find_ablation
from benchmarks.stages.classification.heads import head_module
from benchmarks.stages.classification.settings import (
    Classification,
    resolve_classification,
    stored_copies,
)
from benchmarks.stages.data_report import missing
from benchmarks.stages.experiment import modules_of
from benchmarks.stages.generation.settings import DENOISERS, generation_config
from benchmarks.stages.search import SEARCH, csv_path, load_search
from benchmarks.stages.single_signal.settings import load_single_signal
from benchmarks.stages.stage import stage_module

DATA, RESULTS = Path("data"), Path("results")
ABLATIONS = CONFIG / "ablations.yaml"
Asked = TypeVar("Asked")


def or_mistake(ask: Callable[..., Asked]) -> Callable[..., Asked | str]:
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
    """All that encoding and learning curves depend on."""
    return _cell(wildcards).model_dump(mode="json", exclude={"generation"})


@or_mistake
def reconstruction_config(wildcards: Any) -> dict[str, Any]:
    """All that measured reconstructions depend on."""
    return _with_features(_cell(wildcards).model_dump(mode="json", exclude={"generation"}))


@or_mistake
def generate_config(wildcards: Any) -> dict[str, Any]:
    """All that generated signals depend on."""
    return _with_features(_cell(wildcards).model_dump(mode="json", exclude={"evaluate"}))


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
def cost_config(rows: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    """Published sizes, by data set and method."""
    return {f"{data}/{name}": published_settings(name, data).field for data, name in rows}


def single_signal_config() -> dict[str, Any]:
    """The comparison on single signals."""
    return load_single_signal().model_dump(mode="json")


@or_mistake
def ablation_config(wildcards: Any) -> dict[str, Any]:
    """All that an ablation's trainings depend on."""
    ablation = find_ablation(wildcards.ablation)
    name = parse_cell(ablation.cell)
    configured = resolve(name.scale, name.dataset, name.method, ablation.seeds[0]).training
    return {
        "ablation": ablation.model_dump(mode="json"),
        "cell": configured.model_dump(mode="json"),
    }


def prepare_config(wildcards: Any) -> dict[str, Any]:
    """Where a data set comes from: another folder of sources is another source."""
    config = load_dataset_config(wildcards.dataset)
    ships = config.loader.startswith("benchmarks.datasets.sources.embedded_")  # with packages
    folder = "" if ships else str(data_root().resolve())
    return {**config.model_dump(mode="json"), "folder": folder}


def stage_digest(*stages: str) -> Callable[[Any], str]:
    """The code behind stages and the field, denoiser or head that they run.

    Imports are followed; formatting does not count.
    """

    @or_mistake
    def of(wildcards: Any) -> str:
        cell = _cell(wildcards)
        modules = [*map(stage_module, stages), *modules_of(cell)]
        if "generation" in stages:
            modules.append(DENOISERS[generation_config(cell).denoiser][0])
        if "classification" in stages:
            modules.append(head_module(_classification(wildcards).settings.head))
        return code_digest(*modules)

    return of


@or_mistake
def pixels_digest(wildcards: Any) -> str:
    """The code behind a classification of pixels and its head."""
    head = _classification(wildcards).settings.head
    return code_digest("benchmarks.stages.classification.classify_pixels", head_module(head))


@or_mistake
def cost_digest(method: str) -> str:
    """The code behind a method's costs."""
    return code_digest("benchmarks.stages.cost", field_module(find_method(method).field))


@or_mistake
def prepare_digest(wildcards: Any) -> str:
    """The code behind a prepared data set."""
    return code_digest("benchmarks.stages.prepare", load_dataset_config(wildcards.dataset).loader)


def data_report_digest() -> str:
    """The code behind the page on the data sets."""
    return code_digest("benchmarks.stages.data_report")


def prepared_manifests() -> dict[str, str]:
    """Hash of each prepared data set's manifest: what the page on the data sets shows."""
    return {path.parent.name: sha256(path) for path in sorted(DATA.glob("*/manifest.json"))}


@or_mistake
def read_beside(scale: str) -> dict[str, str]:
    """Hash of each file that the tables read besides results and published numbers.

    Of the configuration they show titles, notes, and what was asked of a search or ablation.
    """
    measured = [
        csv_path(RESULTS, load_search()),
        *sorted((RESULTS / "ablations").glob("*.csv")),
        *sorted((RESULTS / scale).glob("*/*/seed*/learning_curve.*")),
        *sorted((RESULTS / scale).glob("*/step_times.csv")),
    ]
    shown = [ABLATIONS, SEARCH, *files("methods").values(), *files("datasets").values()]
    found = {str(path): path for path in measured if path.exists()}
    found |= {folders.shown(path): path for path in shown}
    return {name: sha256(path) for name, path in found.items()}


@or_mistake
def sources_there(wildcards: Any) -> dict[str, tuple[str, str]]:
    """What the same page says of each data set that is not prepared: are its sources there."""
    return {
        name: missing(load_dataset_config(name))
        for name in known_datasets()
        if not (DATA / name / "manifest.json").exists()
    }


def tables_digest() -> str:
    """The code behind the tables."""
    return code_digest("benchmarks.tables.tables")


def report_digest() -> list[str]:
    """The code behind the report, and what its template is made of."""
    folder = Path(__file__).parents[1] / "report"
    parts = [folder / name for name in ("report.html.j2", "style.css", "script.js")]
    return [code_digest("benchmarks.report.page"), *map(sha256, parts)]


def _with_features(config: dict[str, Any]) -> dict[str, Any]:
    """Where Inception's weights are named, in whose space images are measured too."""
    named = os.environ.get(inception.VARIABLE)
    return {**config, inception.VARIABLE: named} if named else config


def _classification(wildcards: Any) -> Classification:
    return resolve_classification(wildcards.scale, wildcards.dataset, wildcards.method)


def _cell(wildcards: Any) -> Cell:
    return resolve(wildcards.scale, wildcards.dataset, wildcards.method, int(wildcards.seed))


SETTINGS: dict[str, Callable[[Any], dict[str, Any] | str]] = {
    "reconstruction": reconstruction_config,
    "learning_curve": cell_config,
    "interpolation": interpolate_config,
    "generation": generate_config,
    "encode_copies": copies_config,
    "classification": classification_config,
}
"""Stage -> all that it depends on, besides code."""
