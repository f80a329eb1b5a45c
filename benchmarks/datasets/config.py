"""``config/datasets/NAME.yaml``: where a data set comes from and what it stands in for."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

CONFIG = Path(__file__).resolve().parent.parent.parent / "config" / "datasets"


class DatasetConfig(BaseModel):
    """One data set."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str
    kind: Literal["image", "voxel"]
    loader: str
    resolution: int
    channels: int
    stands_for: str
    published: bool = False
    shareable: bool = True
    up_axis: int = 1
    source: dict[str, Any] = {}


def load_dataset_config(name: str) -> DatasetConfig:
    """Reads one data set's configuration.

    Raises:
        ValueError: the file is missing or wrong; the message names file, key and value.
    """
    path = CONFIG / f"{name}.yaml"
    try:
        return DatasetConfig.model_validate(yaml.safe_load(path.read_text()))
    except FileNotFoundError as error:
        known = ", ".join(sorted(other.stem for other in CONFIG.glob("*.yaml")))
        raise ValueError(f"{path}: no such file; known data sets: {known}") from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{path}: {key}: {first['msg']}; got {first['input']!r}") from error
