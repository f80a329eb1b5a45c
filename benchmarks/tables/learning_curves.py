"""The learning curves that a comparison may use: those that their own results stand for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch

from benchmarks.records.provenance import sha256
from benchmarks.records.result import Result, ResultError, read_result, result_path
from benchmarks.records.signals import read_psnr
from benchmarks.settings.cell import resolve
from benchmarks.settings.dataset import load_dataset_config
from benchmarks.settings.fields import build_field
from benchmarks.settings.scale import ScaleConfig, find_dataset
from benchmarks.stages.search import load_search
from benchmarks.tables.about import short
from benchmarks.tables.configured import changed, sentences
from benchmarks.tables.measured import read_measured
from benchmarks.tables.searches import rates_of
from benchmarks.tables.sources import told
from benchmarks.tables.step_times import OWN, step_times
from benchmarks.tables.titles import title_of
from lift.field import Domain

BUDGETS = ("signals", "seconds")
FILE = "learning_curve.csv"


class Curves(NamedTuple):
    """A data set's test curves and latent floats by the method's title, and what stands beside.

    ``signals`` has the PSNR of every test signal at every row of a curve, ``(rows, n)``, of the
    seeds that kept it.
    ``lacking`` are methods without a curve; ``refused`` says why a seed's curve is not read, and
    ``changed`` how a method's settings differ from the configured ones; ``notes`` where seconds
    and rates come from.
    """

    seeds: dict[str, list[pd.DataFrame]]
    signals: dict[str, list[tuple[pd.DataFrame, np.ndarray]]]
    floats: dict[str, int]
    lacking: list[str]
    refused: dict[str, str]
    changed: dict[str, str]
    notes: tuple[str, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many seeds each method has."""
        return {title: len(each) for title, each in self.seeds.items()}

    def remarks(self) -> Iterator[str]:
        """Sentences on them, where there is something to say."""
        yield from self.notes
        if self.lacking:
            yield f"Not run: {', '.join(self.lacking)}."
        if self.refused:
            yield f"Not read: {'; '.join(f'{who} ({why})' for who, why in self.refused.items())}."
        yield from sentences(self.changed)


def gathered(root: Path, scale_config: ScaleConfig, dataset: str) -> Curves:
    """What the scale's trainings on a data set have left.

    Raises:
        ConfigError: a curve is damaged, or a cell's settings are wrong.
    """
    scale, timed = scale_config.scale, step_times(root, scale_config, dataset)
    titles = {name: title_of(name) for name in find_dataset(scale_config, dataset).methods}
    found, devices = Curves({}, {}, {}, [], {}, {}, ()), dict[str, dict[str, None]]()
    for method, title in titles.items():
        refused = False
        for seed in scale_config.seeds:
            path = result_path(root, scale, dataset, method, seed, "learning_curve")
            result = curve_result(path)
            if isinstance(result, Result):
                curve = read_learning_curve(path.with_name(FILE))
                if timed:
                    curve["seconds"] = timed.seconds[method] * curve["signals"]
                found.seeds.setdefault(title, []).append(curve)
                if (every := read_psnr(root, result)) is not None:
                    found.signals.setdefault(title, []).append((curve, every))
                devices.setdefault(trained_on(path), {})[title] = None
                if said := changed(result, root):
                    found.changed[title] = said
            elif result:
                refused = True
                found.refused[f"{title}, seed {seed}"] = result
        if title in found.seeds:
            found.floats[title] = latent_floats(scale, dataset, method)
        elif not refused:
            found.lacking.append(title)
    shown = {method: title for method, title in titles.items() if title in found.seeds}
    rates = rates_of(load_search(), root, scale, dataset, shown, found.changed)
    notes = [timed.about if timed else OWN, rates]
    if timed and found.changed:
        notes.append(
            f"{', '.join(found.changed)}: seconds are of the configured step, which these curves' "
            "trainings did not take."
        )
    if timed:
        notes += timed.elsewhere(devices)
    elif len(devices) > 1:
        each = "; ".join(f"{device} ({', '.join(titles)})" for device, titles in devices.items())
        notes.append(f"Trained on unlike devices: {each}.")
    return found._replace(notes=tuple(notes))


def trained_on(path: Path) -> str:
    """The device of the training that a curve is of."""
    fit = path.with_name("fit.json")
    provenance = read_result(fit).provenance if fit.exists() else None
    return provenance.device if provenance else "a device not recorded"


def curve_result(path: Path) -> Result | str:
    """The result that stands for the curve beside it; else why there is none, empty if not run."""
    fit = path.with_name("fit.json")
    try:
        trained = read_result(fit) if fit.exists() else None
        result = read_result(path) if path.exists() else None
    except ResultError as error:
        return short(told(str(error)))
    for stage in (trained, result):
        if stage and stage.status == "failed":
            return short(f"{stage.stage} failed: {told(stage.reason)}")
    if result is None:
        return ""
    # Results of before hashes were recorded name none: their curves are taken as they are.
    recorded, curve = result.artifacts.get(FILE), path.with_name(FILE)
    if not curve.exists() or recorded not in (None, sha256(curve)):
        return f"{FILE} is not the file that {path.name} names"
    weights = result.provenance.config.get("weights") if result.provenance else None
    if trained and weights not in (None, trained.artifacts.get("field.safetensors")):
        return "of another training than fit.json"
    return result


def read_learning_curve(path: Path) -> pd.DataFrame:
    """One training's curve, a row a measurement.

    Raises:
        ConfigError: it is missing, or is no test curve.
    """
    return read_measured(path, numbers=(*BUDGETS, "test_psnr"), program="the stage learning_curve")


def between(budget: float, axis: np.ndarray, values: np.ndarray) -> float:
    """Linear between measurements; NaN before the first and after the last of them."""
    return float(np.interp(budget, axis, values, left=np.nan, right=np.nan))


def latent_floats(scale: str, dataset: str, method: str) -> int:
    """Floats of a signal's latent in a cell's field.

    Raises:
        ConfigError: there is no such cell, or a file is wrong.
    """
    training = resolve(scale, dataset, method, seed=0).training
    source = load_dataset_config(dataset)
    domain = Domain(3 if source.kind == "voxel" else 2, source.resolution, source.channels)
    with torch.device("meta"):
        return build_field(training.field, domain, training.settings).cost().latent_floats
