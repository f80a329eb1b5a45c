"""A cell, one experiment: the settings that the configuration files resolve to.

From the weakest to the strongest:

1. what the method's file says for the data set, or for the one that it stands in for;
2. what the scale says for the whole data set;
3. what the scale overrides of the method;
4. what a variant changes of its method;
5. what the scale overrides of the variant;
6. what a trial sets (`benchmarks.settings.trial`).

A variant comes after the overrides of its method: at every scale it differs from it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field

from benchmarks.settings import folders
from benchmarks.settings.checking import checked
from benchmarks.settings.dataset import load_dataset_config
from benchmarks.settings.fields import check_field
from benchmarks.settings.merge import Leaf, Tree, group, leaf_at, leaves, merge, plain, sourced
from benchmarks.settings.method import (
    Method,
    MethodConfig,
    find_image_classifier,
    find_method,
    image_classifiers,
    published_signals,
    settings_key,
)
from benchmarks.settings.reading import ConfigError, Data, read_mapping
from benchmarks.settings.scale import Counts, ScaleConfig, find_dataset, load_scale, scale_tree
from benchmarks.settings.trial import CHANGEABLE, GROUPS, RESULTS, read_trial, split_name
from lift.meta.config import FitConfig

ARGUMENTS = {"generation.network": "denoiser", "classification.settings": "head"}
"""Groups that are what another setting is built with: for another denoiser, another `network`."""


class Sizes(Data):
    """Signals that a field is trained on, all of them where null, and that are kept for curves."""

    train: int | None = Field(default=None, ge=1)
    validation: int = Field(ge=1)


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
    published_signals: int | None


class Cell(Data):
    """One experiment: what is trained, and what is measured of it.

    ``generation`` is None for variants of a method and where the scale does not generate;
    ``published_signals`` where nothing is published.
    """

    scale: str
    training: Training
    encode: Counts
    evaluate: Counts
    published_signals: int | None
    generation: Generation | None


def resolve(scale: str, dataset: str, method: str, seed: int, results: Path = RESULTS) -> Cell:
    """The full configuration of one cell.

    Args:
        method: of a trial, METHOD+NAME.
        results: where trials are.

    Raises:
        ConfigError: the scale does not have this cell, or a file is wrong.
    """
    config = load_scale(scale)
    configured, _ = split_name(method)
    check_in_scale(config, dataset, configured)
    base = find_method(configured)
    tree = merged_settings(scale, dataset, method, results)
    where = f"{folders.shown(folders.find('methods', base.method))}: {dataset}"
    source = load_dataset_config(dataset)
    key = settings_key(base, base.settings, source)
    own = base.settings[key]
    generation = None
    if "generation" in tree:
        train = (own.generation or {}).get("train", {})
        generation = Generation(
            settings=plain(group(tree, "generation")),
            published_signals=published_signals(base, f"settings.{key}.generation.train", train),
        )
    fit = checked(FitConfig, group(tree, "fit"), where, "fit")
    sizes = checked(Sizes, {name: tree[name] for name in Sizes.model_fields if name in tree}, where)
    check_field(base.field, source.domain, group(tree, "field"), group(tree, "fit"), where)
    return Cell(
        scale=scale,
        training=Training(
            dataset=dataset,
            method=method,
            seed=seed,
            field=base.field,
            settings=plain(group(tree, "field")),
            fit=fit,
            train=sizes.train,
            validation=sizes.validation,
        ),
        encode=checked(Counts, group(tree, "encode"), where, "encode"),
        evaluate=checked(Counts, group(tree, "evaluate"), where, "evaluate"),
        published_signals=own.fit.steps * own.fit.batch if base.published else None,
        generation=generation,
    )


def merged_settings(scale: str, dataset: str, method: str, results: Path = RESULTS) -> Tree:
    """Every setting of a cell, with the file that it comes from.

    Args:
        method: of a trial, METHOD+NAME.
        results: where trials are.

    Raises:
        ConfigError: a file is missing or wrong, or the method has no settings for the data set.
    """
    changes = read_trial(scale, dataset, method, results)
    method, _ = split_name(method)
    data = group(scale_tree(scale), "datasets", dataset)
    named = find_image_classifier if method in image_classifiers() else find_method
    base: Method = named(method)
    variants = base.variants if isinstance(base, MethodConfig) else {}
    layers = [_of_method(base, dataset), _of_data_set(data), _override(data, base.method)]
    if method in variants:
        path = folders.find("methods", base.method)
        own = group(sourced(read_mapping(path), folders.shown(path)), "variants", method)
        layers += [{"field": own}, _override(data, method)]
    tree = merge(*layers, arguments=ARGUMENTS)
    if not ("generation" in data and "generation" in layers[0]) or method in variants:
        tree.pop("generation", None)
    classified = leaf_at(data, ("classification", "methods"))
    if classified is None or method not in classified.value:
        tree.pop("classification", None)
    _refuse_unused(changes, tree, method)
    tree = merge(tree, changes, arguments=ARGUMENTS)
    for name in GROUPS:
        if isinstance(part := tree.get(name), Leaf):
            raise ConfigError(f"{part}: {part.value!r}, expected settings: {part.key}.NAME")
    return tree


def _refuse_unused(changes: Tree, tree: Tree, method: str) -> None:
    """Nothing would read what is changed of a stage that the cell lacks."""
    lacking = {"generation", "classification"} - set(tree)
    if method in image_classifiers():
        lacking |= set(CHANGEABLE) - {"classification"}
    for name in sorted(lacking & set(changes)):
        for _, leaf in leaves({name: changes[name]}):
            raise ConfigError(f"{leaf}: this cell has no {name}")


def check_in_scale(config: ScaleConfig, dataset: str, method: str) -> None:
    """Refuses what a scale does not train.

    Raises:
        ConfigError: the scale does not have this data set, or does not run this method on it.
    """
    runs = find_dataset(config, dataset).methods
    if method not in runs:
        where = folders.shown(folders.find("scales", config.scale))
        raise ConfigError(f"{where}: {dataset} does not run {method!r}; it runs {', '.join(runs)}")


def _of_method(base: Method, dataset: str) -> Tree:
    """What a method's file says for a data set, or for the one that it stands in for."""
    kind: folders.Kind = "methods" if isinstance(base, MethodConfig) else "image_classifiers"
    path = folders.find(kind, base.method)
    tree, source = sourced(read_mapping(path), folders.shown(path)), load_dataset_config(dataset)
    layer: Tree = {}
    if isinstance(base, MethodConfig):
        layer = group(tree, "settings", settings_key(base, base.settings, source))
    for key in (source.name, source.stands_for):
        if key in base.classification and "classification" not in layer:
            layer = {**layer, "classification": group(tree, "classification", key)}
    return layer


def _of_data_set(data: Tree) -> Tree:
    """What a scale says about all methods on a data set."""
    names = ("train", "validation", "encode", "evaluate", "fit", "generation")
    layer = {name: data[name] for name in names if name in data}
    labelled = group(data, "classification")
    kept = ("signals", "encoding", "training")
    shared: Tree = {name: labelled[name] for name in kept if name in labelled}
    return {**layer, "classification": shared} if labelled else layer


def _override(data: Tree, method: str) -> Tree:
    layer = group(data, "overrides", method)
    labelled = group(data, "classification", "overrides", method)
    return {**layer, "classification": labelled} if labelled else layer
