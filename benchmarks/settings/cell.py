"""A cell, one experiment: the settings that the configuration files resolve to.

They are the method's published ones for the data set (or for the one it stands in for), with the
scale's overrides on top.
"""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from benchmarks.settings.dataset import DatasetConfig, load_dataset_config
from benchmarks.settings.files import (
    ConfigError,
    Counts,
    Data,
    DatasetScale,
    MethodSettings,
    Overrides,
    find_method,
    load_scale,
    published_settings,
)
from benchmarks.settings.validation import explain
from lift.meta.config import FitConfig


class Training(Data):
    """All that a trained field depends on, besides code."""

    dataset: str
    method: str
    seed: int
    field: str
    settings: dict[str, Any]
    fit: FitConfig
    train: int | None
    validation: int


class Generation(Data):
    """Stage 2 of a cell; `benchmarks.stages.generation.settings` checks the settings."""

    settings: dict[str, Any]
    published_signals: int


class Cell(Data):
    """One experiment: what is trained, and what is measured of it.

    ``generation`` is None for variants of a method and where the scale does not generate.
    """

    scale: str
    training: Training
    encode: Counts
    evaluate: Counts
    published_signals: int
    generation: Generation | None


def resolve(scale: str, dataset: str, method: str, seed: int) -> Cell:
    """The full configuration of one cell.

    Raises:
        ConfigError: the scale does not have this cell, or a file is wrong.
    """
    scale_config = load_scale(scale)
    where = f"config/scales/{scale}.yaml"
    if dataset not in scale_config.datasets:
        raise ConfigError(
            f"{where}: no data set {dataset!r}; it has {', '.join(scale_config.datasets)}"
        )
    data = scale_config.datasets[dataset]
    if method not in data.methods:
        raise ConfigError(
            f"{where}: {dataset} does not run {method!r}; it runs {', '.join(data.methods)}"
        )
    source: DatasetConfig = load_dataset_config(dataset)
    settings = published_settings(method, source.stands_for)
    base = find_method(method)
    field, fit = dict(settings.field), {**settings.fit.model_dump(), **data.fit}
    for name in dict.fromkeys((base.method, method)):
        override = data.overrides.get(name, Overrides())
        field.update(override.field)
        fit.update(override.fit)
    field.update(base.variants.get(method, {}))
    try:
        checked = FitConfig.model_validate(fit)
    except ValidationError as error:
        raise ConfigError(f"{where}: {dataset}, {method}, fit.{explain(error)}") from error
    return Cell(
        scale=scale,
        training=Training(
            dataset=dataset,
            method=method,
            seed=seed,
            field=base.field,
            settings=field,
            fit=checked,
            train=data.train,
            validation=data.validation,
        ),
        encode=data.encode,
        evaluate=data.evaluate,
        published_signals=settings.fit.steps * settings.fit.batch,
        generation=None if method in base.variants else _generation(settings, data, method),
    )


def _generation(settings: MethodSettings, data: DatasetScale, method: str) -> Generation | None:
    """The published settings with the scale's changes on top, those of the method last."""
    published = settings.generation
    if published is None or data.generation is None:
        return None
    merged = published
    for changes in (data.generation, data.overrides.get(method, Overrides()).generation):
        merged = _merged(merged, changes)
    train = published["train"]
    return Generation(settings=merged, published_signals=train["steps"] * train["batch"])


def _merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Changes on top of settings, one by one in the groups of settings too."""
    groups = ("train", "diffusion")
    return base | {
        key: base.get(key, {}) | value if key in groups else value for key, value in changes.items()
    }
