"""The field that somebody names: a class of anybody's, or a configured method."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from benchmarks.checks.subject import Subject
from benchmarks.settings.cell import resolve
from benchmarks.settings.dataset import load_dataset_config
from benchmarks.settings.fields import build_field, field_class
from lift.field import Domain, NeuralField

DOMAINS = {"image": Domain(2, 16, 3), "voxel": Domain(3, 16, 1), "sequence": Domain(1, 64, 1)}
"""Small grids to try a field on."""

EXCUSES = {
    "lift.model:LIFT": (0.5, "its generator's rectifiers, at PyTorch's start"),
    "baselines.gem:GEM": (0.4, "its hypernetwork's rectifiers, at the published start"),
}
"""Fields whose published start leaves units without a gradient: the share, and which."""


def subject_of(spec: str, settings: Mapping[str, Any], domain: Domain, **rest: Any) -> Subject:
    """A field of anybody's, built with its constructor's defaults but for ``settings``.

    Args:
        rest: other arguments of `Subject`.

    Raises:
        ConfigError: there is no such class.
    """
    make: Callable[..., NeuralField] = field_class(spec)
    return _excused(Subject(lambda: make(domain, **settings), **rest), spec)


def subject_of_method(scale: str, dataset: str, method: str) -> Subject:
    """A configured method as a scale sizes it, on a small grid of the data set's kind.

    Raises:
        ConfigError: there is no such cell, or a file is wrong.
    """
    training = resolve(scale, dataset, method, seed=0).training
    source = load_dataset_config(dataset)
    domain = replace(DOMAINS[source.kind], channels=source.channels)
    subject = Subject(
        lambda: build_field(training.field, domain, training.settings),
        inner_steps=training.fit.inner_steps,
        rate=training.fit.rate,
    )
    return _excused(subject, training.field)


def _excused(subject: Subject, spec: str) -> Subject:
    if spec not in EXCUSES:
        return subject
    dead, which = EXCUSES[spec]
    return replace(subject, dead=dead, excuse=f" ({which})")


def read_settings(path: Path | None) -> dict[str, Any]:
    """Constructor arguments from a YAML file.

    Raises:
        ValueError: the file is no YAML, or holds no mapping.
    """
    if path is None:
        return {}
    try:
        settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ValueError(f"{path}: not YAML ({error})") from error
    if not isinstance(settings, dict):
        raise ValueError(f"{path}: {type(settings).__name__}; expected names and values")
    return settings
