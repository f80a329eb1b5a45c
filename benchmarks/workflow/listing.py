"""What there is: methods, data sets, scales, and cells with their state."""

from __future__ import annotations

from pathlib import Path

from benchmarks.datasets.dataset import open_prepared
from benchmarks.records.result import ResultError, Stage, read_result, result_path
from benchmarks.settings import folders
from benchmarks.settings.dataset import known_datasets, load_dataset_config
from benchmarks.settings.method import find_image_classifier, find_method, image_classifiers
from benchmarks.settings.reading import ConfigError
from benchmarks.settings.scale import DatasetScale, load_scale
from benchmarks.stages.data_report import missing

SHOWN: tuple[Stage, ...] = (
    "fit",
    "encode",
    "reconstruction",
    "interpolation",
    "generation",
    "classification",
)
MARKS = {"ok": "ok", "failed": "FAILED"}

Lines = list[tuple[str, ...]]
"""A heading, and one tuple a line."""


def methods() -> Lines:
    """Every method, its variants, and the data sets that it has settings for."""
    lines: Lines = [("method", "title", "variants", "settings for", "file")]
    for name, path in folders.files("methods").items():
        try:
            found = find_method(name)
        except ConfigError as error:
            lines.append((name, "WRONG", "", str(error), folders.shown(path)))
            continue
        on = ", ".join(found.settings)
        lines.append((name, found.title, ", ".join(found.variants), on, folders.shown(path)))
    for name in image_classifiers():
        pixels = find_image_classifier(name)
        on = f"pixels of {', '.join(pixels.classification)}"
        file = folders.shown(folders.find("image_classifiers", name))
        lines.append((name, pixels.title, "", on, file))
    return lines


def datasets(data: Path) -> Lines:
    """Every data set, whether it is prepared, and how to get it where it is not."""
    lines: Lines = [("data set", "title", "state", "how to get it")]
    for name in known_datasets():
        try:
            config = load_dataset_config(name)
            if (data / name / "manifest.json").exists():
                counts = open_prepared(data / name).manifest.counts
                state = "prepared", ", ".join(f"{n:,} {split}" for split, n in counts.items())
            else:
                state = missing(config)
        except (RuntimeError, ValueError, OSError) as error:
            lines.append((name, "", "WRONG", str(error)))
            continue
        lines.append((name, config.title, state[0], " ".join(state[1].split())))
    return lines


def scales() -> Lines:
    """Every scale, with its number of cells."""
    lines: Lines = [("scale", "data sets", "cells", "file")]
    for name, path in folders.files("scales").items():
        try:
            config = load_scale(name)
        except ConfigError as error:
            lines.append((name, "WRONG", "", str(error)))
            continue
        cells = sum(len(_methods(data)) for data in config.datasets.values()) * len(config.seeds)
        lines.append((name, ", ".join(config.datasets), str(cells), folders.shown(path)))
    return lines


def cells(scale: str, results: Path) -> Lines:
    """Every cell of a scale with the state of its stages, trials last.

    Raises:
        ConfigError: there is no such scale.
    """
    config = load_scale(scale)
    lines: Lines = [("cell", *SHOWN)]
    for dataset, data in config.datasets.items():
        trials = sorted(path.name for path in (results / scale / dataset).glob("*+*"))
        for method in (*_methods(data), *trials):
            for seed in config.seeds:
                states = [_state(results, scale, dataset, method, seed, stage) for stage in SHOWN]
                lines.append((f"{scale}/{dataset}/{method}/seed{seed}", *states))
    return lines


def _methods(data: DatasetScale) -> list[str]:
    labelled = data.classification.methods if data.classification else []
    return list(dict.fromkeys((*data.methods, *labelled)))


def _state(root: Path, scale: str, dataset: str, method: str, seed: int, stage: Stage) -> str:
    path = result_path(root, scale, dataset, method, seed, stage)
    if not path.exists():
        return "-"
    try:
        return MARKS[read_result(path).status]
    except ResultError:
        return "DAMAGED"
