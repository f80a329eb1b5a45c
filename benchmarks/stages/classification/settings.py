"""The classification of one cell: published settings, with the scale's overrides on top."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.settings import folders
from benchmarks.settings.cell import merged_settings
from benchmarks.settings.checking import checked
from benchmarks.settings.classification import (
    ClassificationScale,
    ClassificationSettings,
    CopyEncoding,
    LabelledSignals,
)
from benchmarks.settings.dataset import load_dataset_config
from benchmarks.settings.merge import group
from benchmarks.settings.method import (
    find_image_classifier,
    find_method,
    image_classifiers,
    published_signals,
    settings_key,
)
from benchmarks.settings.reading import ConfigError, Data
from benchmarks.settings.scale import find_dataset, load_scale
from benchmarks.settings.trial import RESULTS, split_name
from benchmarks.stages.classification.heads import check_head
from lift.network_training import TrainingConfig


class Classification(Data):
    """Everything that a classifier depends on, besides the latents or pixels and the code."""

    signals: LabelledSignals
    encoding: CopyEncoding
    settings: ClassificationSettings
    training: TrainingConfig
    published_signals: int | None


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
        ConfigError: nothing, or the scale does not have the data set.
    """
    data = find_dataset(load_scale(scale), dataset)
    if data.classification is None:
        where = folders.shown(folders.find("scales", scale))
        raise ConfigError(f"{where}: no classification of {dataset!r}")
    return data.classification


def resolve_classification(
    scale: str, dataset: str, method: str, results: Path = RESULTS
) -> Classification:
    """The settings of one method's classifier on one data set.

    Args:
        method: of a trial, METHOD+NAME.
        results: where trials are.

    Raises:
        ConfigError: the scale does not classify with this method, or a file is wrong.
    """
    scale_config = classification_scale(scale, dataset)
    where = folders.shown(folders.find("scales", scale))
    tree = group(merged_settings(scale, dataset, method, results), "classification")
    method, _ = split_name(method)
    if method not in scale_config.methods:
        raise ConfigError(
            f"{where}: {dataset} is not classified by {method!r}; "
            f"it is by {', '.join(scale_config.methods)}"
        )
    base = find_image_classifier(method) if method in image_classifiers() else find_method(method)
    source = load_dataset_config(dataset)
    key = settings_key(base, base.classification, source)
    published = base.classification[key]
    own = {name: part for name, part in tree.items() if name not in ("signals", "encoding")}
    settings = checked(ClassificationSettings, own, where, "classification")
    if settings.geometry == "fused" and settings.divide_by:
        raise ConfigError(
            f"{where}: {dataset}: classification: divide_by: {settings.divide_by}, geometry: "
            "fused; expected null, as fused latents are standardised"
        )
    check_head(settings.head, group(own, "settings"), where)
    training = checked(TrainingConfig, group(own, "training"), where, "classification.training")
    return Classification(
        signals=checked(LabelledSignals, group(tree, "signals"), where, "classification.signals"),
        encoding=checked(CopyEncoding, group(tree, "encoding"), where, "classification.encoding"),
        settings=settings,
        training=training,
        published_signals=published_signals(
            base, f"classification.{key}.training", published.training
        ),
    )


def stored_copies(config: Classification) -> dict[str, Any]:
    """All that the stored copies depend on."""
    return {
        "signals": config.signals.model_dump(mode="json"),
        "encoding": config.encoding.model_dump(mode="json"),
        "copies": max(config.settings.copies),
    }
