"""``config/datasets/NAME.yaml``: where a data set comes from and what it stands in for."""

from __future__ import annotations

from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from benchmarks.settings import folders
from benchmarks.settings.reading import ConfigError, Data, explain, read_yaml
from lift.field import Domain


class Settings(BaseModel):
    """What one loader reads of a configuration; each loader has its own."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


Source = TypeVar("Source", bound=Settings)


class DatasetConfig(Data):
    """One data set.

    ``loader`` is a module with a function ``load``. ``stands_for`` is the data set, usually one of
    the published tables, whose settings methods take that have none for this one; ``published``
    says that it is that data set. ``shareable`` is false where its terms forbid
    pictures of its signals. ``up_axis`` is the axis of a voxel grid that points up in pictures.
    """

    name: str
    title: str
    kind: Literal["image", "voxel"]
    loader: str = Field(pattern=r"^\w+(\.\w+)*$", description="package.module")
    resolution: int = Field(gt=0)
    channels: int = Field(gt=0)
    stands_for: str | None = None
    published: bool = False
    shareable: bool = True
    up_axis: Literal[0, 1, 2] = 1
    source: dict[str, Any] = Field(default={})

    @property
    def domain(self) -> Domain:
        """The grid of its signals."""
        return Domain(3 if self.kind == "voxel" else 2, self.resolution, self.channels)

    def settings(self, model: type[Source]) -> Source:
        """What ``source`` says, checked by the loader's own model.

        Raises:
            ConfigError: a key is unknown, missing or wrong; the message names file, key and value.
        """
        try:
            return model.model_validate(self.source)
        except ValidationError as error:
            place = folders.shown(folders.find("datasets", self.name))
            # Only a loader knows what its source says; the keys that it has are named.
            line = explain(error, model)
            raise ConfigError(f"{place}: source.{line}") from error


def known_datasets() -> list[str]:
    """Names of all configured data sets."""
    return sorted(folders.files("datasets"))


def load_dataset_config(name: str) -> DatasetConfig:
    """Reads one data set's configuration.

    Raises:
        ConfigError: the file is missing or wrong; the message names file, key and value.
    """
    path = folders.find("datasets", name)
    config = read_yaml(path, DatasetConfig)
    where = folders.shown(path)
    if config.name != name:
        raise ConfigError(
            f"{where}: name: {config.name!r}, expected {name!r} as the file is called"
        )
    if config.stands_for not in (None, *known_datasets()):
        known = ", ".join(known_datasets())
        raise ConfigError(f"{where}: stands_for: {config.stands_for!r}, expected one of {known}")
    return config
