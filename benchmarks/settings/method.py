"""``config/methods/NAME.yaml``: a field, and its settings and training on some data sets."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any, TypeVar

from pydantic import Field

from benchmarks.settings import folders
from benchmarks.settings.classification import ClassificationSettings
from benchmarks.settings.dataset import DatasetConfig, load_dataset_config
from benchmarks.settings.reading import ConfigError, Data, read_mapping, read_yaml
from lift.meta.config import FitConfig


class MethodSettings(Data):
    """One method on one data set: constructor arguments of its field, and its training.

    ``generation`` has the keys of `GenerationConfig`, which checks it.
    """

    field: dict[str, Any]
    fit: FitConfig
    generation: dict[str, Any] | None = None


class Method(Data):
    """What every file of a method says.

    ``published`` says that budgets are told as shares of the trainings in the file.
    """

    method: str
    title: str
    published: bool = False
    classification: dict[str, ClassificationSettings] = Field(default={})


class MethodConfig(Method):
    """A field; ``variants`` change some of its settings under another name."""

    field: str = Field(pattern=r"^\w+(\.\w+)*:\w+$", description="package.module:Class")
    notes: list[str] = Field(default=[])
    settings: dict[str, MethodSettings]
    variants: dict[str, dict[str, Any]] = Field(default={})


class ImageClassifierConfig(Method):
    """``config/image_classifiers/NAME.yaml``: a network that classifies pixels, not latents."""


Named = TypeVar("Named", bound=Method)


def image_classifiers() -> list[str]:
    """Names of the methods that classify pixels."""
    return sorted(folders.files("image_classifiers"))


def find_image_classifier(name: str) -> ImageClassifierConfig:
    """The image classifier of that name.

    Raises:
        ConfigError: its file is missing or wrong.
    """
    path = folders.find("image_classifiers", name)
    return _named(read_yaml(path, ImageClassifierConfig), name)


def load_methods() -> dict[str, MethodConfig]:
    """Every method whose file can be used, by its name; cells of the others say what is wrong."""
    methods = {}
    for name in folders.files("methods"):
        with contextlib.suppress(ConfigError):
            methods[name] = find_method(name)
    return methods


def find_method(name: str) -> MethodConfig:
    """The method that has this name or a variant of this name.

    Raises:
        ConfigError: no method has it, or its file is wrong.
    """
    for method, path in folders.files("methods").items():
        if name == method or name in _variants(path):
            config = _named(read_yaml(path, MethodConfig), method)
            _titled_alone(config)
            return config
    known = ", ".join(sorted(known_methods() - set(image_classifiers())))
    raise ConfigError(f"method: {name!r} is unknown; expected one of {known}")


def known_methods() -> set[str]:
    """Names of all methods and of their variants, and of image classifiers."""
    paths = folders.files("methods")
    variants = (name for path in paths.values() for name in _variants(path))
    return {*paths, *variants, *image_classifiers()}


def base_of(name: str) -> str:
    """The method that a variant changes; of any other name, the name itself."""
    for method, path in folders.files("methods").items():
        if name in _variants(path):
            return method
    return name


def settings_key(config: Method, of: dict[str, Any], dataset: DatasetConfig) -> str:
    """The data set whose settings a data set takes: its own, else of the one it stands in for.

    Args:
        of: the settings of ``config`` by data set.

    Raises:
        ConfigError: the method has settings for neither.
    """
    for key in (dataset.name, dataset.stands_for):
        if key in of:
            return key
    wanted = " or ".join(
        repr(key) for key in dict.fromkeys((dataset.name, dataset.stands_for)) if key
    )
    raise ConfigError(
        f"method {config.method!r}: no settings for {wanted}; it has {', '.join(of) or 'none'}"
    )


def published_settings(method: str, dataset: str) -> MethodSettings:
    """A method's own settings for a data set, a variant's changes applied.

    Raises:
        ConfigError: the method has no settings for it.
    """
    config = find_method(method)
    key = settings_key(config, config.settings, load_dataset_config(dataset))
    settings = config.settings[key]
    changed = {**settings.field, **config.variants.get(method, {})}
    return settings.model_copy(update={"field": changed})


def published_signals(base: Method, group: str, training: dict[str, Any]) -> int | None:
    """Signals that a published training of a later stage saw; None where nothing is published.

    Args:
        group: where in the method's file the training stands.

    Raises:
        ConfigError: its file does not say how long the training was.
    """
    if not base.published:
        return None
    for key in ("steps", "batch"):
        if key not in training:
            raise ConfigError(
                f"method {base.method!r}: {group}: no {key}, expected a number, of which "
                "budgets are told as a share; published: false tells none"
            )
    return int(training["steps"] * training["batch"])


def _variants(path: Path) -> set[str]:
    """Names of a file's variants, of a wrong file's too as far as they can be read."""
    try:
        found = read_mapping(path).get("variants")
    except ConfigError:
        return set()
    return {str(name) for name in found} if isinstance(found, dict) else set()


def _titled_alone(config: MethodConfig) -> None:
    """Tables know a method by its title."""
    for other, path in folders.files("methods").items():
        if other != config.method and _read_title(path) == config.title:
            raise ConfigError(
                f"method {config.method!r}: title: {config.title!r} is that of {other!r} too "
                f"({folders.shown(path)}), expected one of its own"
            )


def _read_title(path: Path) -> str | None:
    """A file's title, of a wrong file's too as far as it can be read."""
    try:
        return read_mapping(path).get("title")
    except ConfigError:
        return None


def _named(config: Named, name: str) -> Named:
    if config.method != name:
        raise ConfigError(f"method: {config.method!r}, expected {name!r} as the file is called")
    return config
