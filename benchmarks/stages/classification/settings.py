"""The classification of one cell: published settings, with the scale's overrides on top."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from benchmarks.settings.classification import (
    ClassificationScale,
    ClassificationSettings,
    CopyEncoding,
    LabelledSignals,
)
from benchmarks.settings.dataset import load_dataset_config
from benchmarks.settings.files import CONFIG, ConfigError, find_method, load_scale, read_yaml
from benchmarks.settings.validation import explain
from lift.network_training import TrainingConfig


class Classification(BaseModel):
    """Everything that a classifier depends on, besides the latents or pixels and the code."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    signals: LabelledSignals
    encoding: CopyEncoding
    settings: ClassificationSettings
    training: TrainingConfig
    published_signals: int


class ImageClassifierConfig(BaseModel):
    """``config/image_classifiers/NAME.yaml``: a network that classifies pixels, not latents."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: str
    title: str
    classification: dict[str, ClassificationSettings]


def image_classifiers() -> list[str]:
    """Names of the methods that classify pixels."""
    return sorted(path.stem for path in (CONFIG / "image_classifiers").glob("*.yaml"))


def classified_cells(scale: str) -> list[tuple[str, str, int]]:
    """Data set, method and seed of every classification of a scale."""
    scale_config = load_scale(scale)
    return [
        (dataset, method, seed)
        for dataset, data in scale_config.datasets.items()
        if data.classification
        for method in data.classification.methods
        for seed in scale_config.seeds
    ]


def classification_scale(scale: str, dataset: str) -> ClassificationScale:
    """What a scale says about classifying a data set.

    Raises:
        ConfigError: nothing.
    """
    data = load_scale(scale).datasets.get(dataset)
    if data is None or data.classification is None:
        raise ConfigError(f"config/scales/{scale}.yaml: no classification of {dataset!r}")
    return data.classification


def resolve_classification(scale: str, dataset: str, method: str) -> Classification:
    """The settings of one method's classifier on one data set.

    Raises:
        ConfigError: the scale does not classify with this method, or a file is wrong.
    """
    scale_config, where = classification_scale(scale, dataset), f"config/scales/{scale}.yaml"
    if method not in scale_config.methods:
        raise ConfigError(
            f"{where}: {dataset} is not classified by {method!r}; "
            f"it is by {', '.join(scale_config.methods)}"
        )
    published = _published(method, load_dataset_config(dataset).stands_for)
    merged: dict[str, Any] = published.model_dump()
    merged["training"].update(scale_config.training)
    for key, value in scale_config.overrides.get(method, {}).items():
        merged[key] = {**merged[key], **value} if key in ("settings", "training") else value
    try:
        settings = ClassificationSettings.model_validate(merged)
        training = TrainingConfig.model_validate(merged["training"])
    except ValidationError as error:
        raise ConfigError(
            f"{where}: {dataset}, {method}, classification.{explain(error)}"
        ) from error
    return Classification(
        signals=scale_config.signals,
        encoding=scale_config.encoding,
        settings=settings,
        training=training,
        published_signals=published.training["steps"] * published.training["batch"],
    )


def stored_copies(config: Classification) -> dict[str, Any]:
    """All that the stored copies depend on."""
    return {
        "signals": config.signals.model_dump(mode="json"),
        "encoding": config.encoding.model_dump(mode="json"),
        "copies": max(config.settings.copies),
    }


def _published(method: str, dataset: str) -> ClassificationSettings:
    if method in image_classifiers():
        path = CONFIG / "image_classifiers" / f"{method}.yaml"
        known = read_yaml(path, ImageClassifierConfig).classification
    else:
        path = CONFIG / "methods" / f"{find_method(method).method}.yaml"
        known = find_method(method).classification
    if dataset not in known:
        raise ConfigError(
            f"{path}: no classification of {dataset!r}; it has {', '.join(known) or 'none'}"
        )
    return known[dataset]
