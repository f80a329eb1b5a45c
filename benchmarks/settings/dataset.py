"""``config/datasets/NAME.yaml``: where a data set comes from and what it stands in for."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from benchmarks.settings.validation import explain, parse_yaml

CONFIG = Path(__file__).resolve().parents[2] / "config" / "datasets"

Published = Literal["celebahq64", "shapenet64", "cifar10", "imagenet100-256"]


class Settings(BaseModel):
    """What one loader reads of a configuration; each loader has its own."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


Source = TypeVar("Source", bound=Settings)


class DatasetConfig(BaseModel):
    """One data set.

    ``stands_for`` is the data set of the published tables whose method settings it uses;
    ``published`` says that it is that data set. ``shareable`` is false where its terms forbid
    pictures of its signals. ``up_axis`` is the axis of a voxel grid that points up in pictures.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str
    kind: Literal["image", "voxel"]
    loader: str
    resolution: int = Field(gt=0)
    channels: int = Field(gt=0)
    stands_for: Published
    published: bool = False
    shareable: bool = True
    up_axis: Literal[0, 1, 2] = 1
    source: dict[str, Any] = {}

    def settings(self, model: type[Source]) -> Source:
        """What ``source`` says, checked by the loader's own model.

        Raises:
            ValueError: a key is unknown, missing or wrong; the message names file, key and value.
        """
        try:
            return model.model_validate(self.source)
        except ValidationError as error:
            raise ValueError(_explained(config_path(self.name), error, "source.", model)) from error


def config_path(name: str) -> Path:
    """The file of a data set's configuration."""
    return CONFIG / f"{name}.yaml"


def known_datasets() -> list[str]:
    """Names of all configured data sets."""
    return sorted(path.stem for path in CONFIG.glob("*.yaml"))


def load_dataset_config(name: str) -> DatasetConfig:
    """Reads one data set's configuration.

    Raises:
        ValueError: the file is missing or wrong; the message names file, key and value.
    """
    path = config_path(name)
    try:
        config = parse_yaml(path.read_text(), DatasetConfig)
    except FileNotFoundError as error:
        known = ", ".join(known_datasets())
        raise ValueError(f"{path}: no such file; known data sets: {known}") from error
    except yaml.YAMLError as error:
        raise ValueError(f"{path}: not YAML ({error})") from error
    except ValidationError as error:
        raise ValueError(_explained(path, error, "", DatasetConfig)) from error
    if config.name != name:
        raise ValueError(f"{path}: name: {config.name!r}, expected {name!r} as the file is called")
    return config


def _explained(path: Path, error: ValidationError, prefix: str, model: type[BaseModel]) -> str:
    """The first mistake; where a key is unknown, also the keys that there are."""
    known = ""
    if any(mistake["type"] == "extra_forbidden" for mistake in error.errors()):
        known = f"; expected {', '.join(model.model_fields) or 'no key'}"
    return f"{path}: {prefix}{explain(error)}{known}"
