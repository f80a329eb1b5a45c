"""Configuration: three kinds of YAML files, and the cell that they resolve to.

``config/scale`` says how much data and how many steps (a profile), ``config/datasets`` where data
comes from, ``config/methods`` what papers published. A cell's settings are the method's published
ones for the data set (or for the one it stands in for), with the profile's overrides on top.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from benchmarks.classification_settings import ClassificationScale, ClassificationSettings
from benchmarks.datasets.config import DatasetConfig, load_dataset_config
from benchmarks.validation import explain
from lift.training import FitConfig

ROOT = Path(__file__).resolve().parent.parent
CONFIG = ROOT / "config"
PUBLISHED_SETS = ("celebahq64", "shapenet64", "cifar10", "imagenet100-256")

Model = TypeVar("Model", bound=BaseModel)


class ConfigError(ValueError):
    """A configuration file that is missing or wrong; the message names the file and the key."""


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class MethodSettings(_Data):
    """One method on one data set: constructor arguments of its field, and its training.

    ``generation`` has the keys of `benchmarks.generation.GenerationConfig`, which checks it.
    """

    field: dict[str, Any]
    fit: FitConfig
    generation: dict[str, Any] | None = None


class MethodConfig(_Data):
    """``config/methods/NAME.yaml``; ``variants`` change some field settings under another name."""

    method: str
    title: str
    field: str
    notes: list[str] = []
    settings: dict[str, MethodSettings]
    variants: dict[str, dict[str, Any]] = {}
    classification: dict[str, ClassificationSettings] = {}


class Overrides(_Data):
    """What a profile changes about a method on a data set."""

    field: dict[str, Any] = {}
    fit: dict[str, Any] = {}
    generation: dict[str, Any] = {}


class Counts(_Data):
    """How many signals of each split, evenly spaced; null takes all."""

    train: int | None = Field(ge=1)
    test: int | None = Field(ge=1)


class DatasetScale(_Data):
    """One data set in a profile. Counts are evenly spaced subsets; null takes everything."""

    methods: list[str]
    train: int | None = Field(default=None, ge=1)
    validation: int = Field(ge=1, description="signals of the training split kept for curves")
    encode: Counts = Field(description="signals that become latents")
    evaluate: Counts = Field(description="those of them whose reconstructions are measured")
    fit: dict[str, Any] = {}
    generation: dict[str, Any] | None = Field(
        default=None, description="changes for all methods; without it nothing is generated"
    )
    overrides: dict[str, Overrides] = {}
    classification: ClassificationScale | None = None


class ScaleConfig(_Data):
    """``config/scale/PROFILE.yaml``."""

    profile: str
    seeds: list[int]
    threads: int = Field(ge=0, description="CPU threads of one training; 0 takes all")
    datasets: dict[str, DatasetScale]
    tables: dict[str, str] = Field(description="table -> the data set that fills its own column")


class Training(_Data):
    """All that a trained field depends on, besides code."""

    dataset: str
    method: str
    seed: int
    field: str
    settings: dict[str, Any]
    fit: FitConfig
    train: int | None
    validation: int


class Generation(_Data):
    """Stage 2 of a cell: settings that `benchmarks.generation` checks, and the published budget."""

    settings: dict[str, Any]
    published_signals: int


class Cell(_Data):
    """One experiment: what is trained, and what is measured of it.

    ``generation`` is None for variants of a method and where the profile does not generate.
    """

    profile: str
    training: Training
    encode: Counts
    evaluate: Counts
    published_signals: int
    generation: Generation | None


def digest(value: BaseModel | dict[str, Any]) -> str:
    """Short hash of a configuration."""
    plain = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
    canonical = json.dumps(plain, sort_keys=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def read_yaml(path: Path, model: type[Model]) -> Model:
    """Reads and checks one YAML file.

    Raises:
        ConfigError: the file is missing, is no YAML, or has an unknown key or a wrong value.
    """
    try:
        raw = yaml.safe_load(path.read_text())
        return model.model_validate(raw)
    except FileNotFoundError as error:
        known = ", ".join(sorted(other.stem for other in path.parent.glob("*.yaml")))
        raise ConfigError(f"{path}: no such file; {path.parent.name} has {known}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not YAML ({error})") from error
    except ValidationError as error:
        raise ConfigError(f"{path}: {explain(error)}") from error


def load_scale(profile: str) -> ScaleConfig:
    """The profile of that name."""
    return read_yaml(CONFIG / "scale" / f"{profile}.yaml", ScaleConfig)


def load_methods() -> dict[str, MethodConfig]:
    """Every method, by the name of its file."""
    paths = sorted((CONFIG / "methods").glob("*.yaml"))
    return {path.stem: read_yaml(path, MethodConfig) for path in paths}


def find_method(name: str) -> MethodConfig:
    """The method that has this name or a variant of this name.

    Raises:
        ConfigError: no method has it.
    """
    methods = load_methods()
    for config in methods.values():
        if name == config.method or name in config.variants:
            return config
    known = sorted([*methods, *(v for config in methods.values() for v in config.variants)])
    raise ConfigError(f"method: {name!r} is unknown; expected one of {', '.join(known)}")


def published_settings(method: str, dataset: str) -> MethodSettings:
    """A method's published settings for one of the papers' data sets, variants applied.

    Raises:
        ConfigError: the method has no settings for it.
    """
    config = find_method(method)
    if dataset not in config.settings:
        raise ConfigError(
            f"config/methods/{config.method}.yaml: no settings for {dataset!r}; "
            f"it has {', '.join(config.settings)}"
        )
    settings = config.settings[dataset]
    changed = {**settings.field, **config.variants.get(method, {})}
    return settings.model_copy(update={"field": changed})


def resolve(profile: str, dataset: str, method: str, seed: int) -> Cell:
    """The full configuration of one cell.

    Raises:
        ConfigError: the profile does not have this cell, or a file is wrong.
    """
    scale = load_scale(profile)
    where = f"config/scale/{profile}.yaml"
    if dataset not in scale.datasets:
        raise ConfigError(f"{where}: no data set {dataset!r}; it has {', '.join(scale.datasets)}")
    data = scale.datasets[dataset]
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
        profile=profile,
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
    """The published settings with the profile's changes on top, those of the method last."""
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
