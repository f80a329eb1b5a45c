"""Configuration: what methods and scales say, in YAML files that are checked when read.

``config/scales`` says how much data and how many steps (a scale), ``config/methods`` what papers
published; ``config/datasets`` has a module of its own, and `benchmarks.settings.cell` joins them.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from benchmarks.settings.classification import ClassificationScale, ClassificationSettings
from benchmarks.settings.validation import explain, parse_yaml
from lift.meta.config import FitConfig

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "config"
PUBLISHED_SETS = ("celebahq64", "shapenet64", "cifar10", "imagenet100-256")

Model = TypeVar("Model", bound=BaseModel)


class ConfigError(ValueError):
    """A configuration file that is missing or wrong; the message names the file and the key."""


class Data(BaseModel):
    """Checked, and not to be changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class MethodSettings(Data):
    """One method on one data set: constructor arguments of its field, and its training.

    ``generation`` has the keys of `GenerationConfig`, which checks it.
    """

    field: dict[str, Any]
    fit: FitConfig
    generation: dict[str, Any] | None = None


class MethodConfig(Data):
    """``config/methods/NAME.yaml``; ``variants`` change some field settings under another name."""

    method: str
    title: str
    field: str
    notes: list[str] = []
    settings: dict[str, MethodSettings]
    variants: dict[str, dict[str, Any]] = {}
    classification: dict[str, ClassificationSettings] = {}


class Overrides(Data):
    """What a scale changes about a method on a data set."""

    field: dict[str, Any] = {}
    fit: dict[str, Any] = {}
    generation: dict[str, Any] = {}


class Counts(Data):
    """How many signals of each split, evenly spaced; null takes all."""

    train: int | None = Field(ge=1)
    test: int | None = Field(ge=1)


class DatasetScale(Data):
    """One data set in a scale. Counts are evenly spaced subsets; null takes everything."""

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


class ScaleConfig(Data):
    """``config/scales/SCALE.yaml``."""

    scale: str
    seeds: list[int]
    threads: int = Field(ge=0, description="CPU threads of one training; 0 takes all")
    datasets: dict[str, DatasetScale]
    tables: dict[str, str] = Field(description="table -> the data set that fills its own column")


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
        return parse_yaml(path.read_text(), model)
    except FileNotFoundError as error:
        known = ", ".join(sorted(other.stem for other in path.parent.glob("*.yaml")))
        raise ConfigError(f"{path}: no such file; {path.parent.name} has {known}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not YAML ({error})") from error
    except ValidationError as error:
        raise ConfigError(f"{path}: {explain(error)}") from error


def load_scale(scale: str) -> ScaleConfig:
    """The scale of that name."""
    return read_yaml(CONFIG / "scales" / f"{scale}.yaml", ScaleConfig)


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
