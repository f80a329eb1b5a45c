"""Every setting that a cell resolves to, and the file and key that it comes from."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.settings import folders
from benchmarks.settings.cell import merged_settings
from benchmarks.settings.merge import leaf_at, leaves
from benchmarks.settings.method import find_method, image_classifiers
from benchmarks.settings.names import CellName
from benchmarks.settings.reading import ConfigError
from benchmarks.settings.scale import find_dataset, load_scale, scale_tree, seed_of
from benchmarks.settings.trial import split_name, trial_path, write_trial
from benchmarks.stages.settings import resolve_all

IN_NO_FILE = "(default)"

Setting = tuple[str, Any, str]
"""Key, value, and ``FILE: KEY``."""


def explained(cell: CellName, results: Path) -> list[Setting]:
    """All settings of a cell, those of the field first.

    Raises:
        ConfigError: there is no such cell, or a setting is wrong.
    """
    seed_of(cell)
    find_dataset(load_scale(cell.scale), cell.dataset)
    tree = merged_settings(cell.scale, cell.dataset, cell.method, results)
    places = {key: str(leaf) for key, leaf in leaves(tree)}
    return [(key, value, places.get(key, IN_NO_FILE)) for key, value in _resolved(cell, results)]


def check_trial(trial: CellName, changes: dict[str, Any]) -> None:
    """Resolves a trial that is not written yet.

    Raises:
        ConfigError: there is no such cell, or a change is wrong.
    """
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_trial(trial.scale, trial.dataset, trial.method, changes, root)
        try:
            list(_resolved(trial, root))
        except ConfigError as error:
            path = str(trial_path(trial.scale, trial.dataset, trial.method, root))
            raise ConfigError(str(error).replace(path, "--set")) from error


def _resolved(name: CellName, results: Path) -> Iterator[tuple[str, Any]]:
    """Every key with its value, once all of them are checked."""
    found = resolve_all(name.scale, name.dataset, name.method, name.seed or 0, results)
    if cell := found.cell:
        yield from _flat(cell.training.settings, "field")
        yield from _flat(cell.training.fit.model_dump(), "fit")
        if found.generation is not None:
            yield from _flat(found.generation.model_dump(), "generation")
        yield "train", cell.training.train
        yield "validation", cell.training.validation
        yield from _flat(cell.encode.model_dump(), "encode")
        yield from _flat(cell.evaluate.model_dump(), "evaluate")
    if labelled := found.classification:
        training = labelled.training.model_dump()
        settings = {**labelled.settings.model_dump(), "training": training}
        parts = {
            "signals": labelled.signals.model_dump(),
            "encoding": labelled.encoding.model_dump(),
        }
        yield from _flat({**settings, **parts}, "classification")


def about(cell: CellName) -> list[Setting]:
    """What a cell is, besides its settings."""
    method, trial = split_name(cell.method)
    seeds, place = load_scale(cell.scale).seeds, leaf_at(scale_tree(cell.scale), ("seeds",))
    lines: list[Setting] = [("seeds", seeds, str(place))]
    if method not in image_classifiers():
        base = find_method(method)
        file = folders.shown(folders.find("methods", base.method))
        lines.insert(0, ("class", base.field, f"{file}: field"))
    return [*lines, *([("trial of", method, "--set")] if trial else [])]


def _flat(values: Mapping[str, Any], at: str) -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{at}.{name}")
        else:
            yield f"{at}.{name}", value
