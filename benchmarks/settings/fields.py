"""The fields that configuration can name, and how one is built."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

from benchmarks.settings.files import ConfigError
from lift.field import Domain, NeuralField

FIELDS = {
    "lift": ("lift.model", "LIFT"),
    "functa": ("baselines.functa", "Functa"),
    "spatial_functa": ("baselines.spatial_functa", "SpatialFuncta"),
    "mnif": ("baselines.mnif", "MNIF"),
    "gem": ("baselines.gem", "GEM"),
}
"""Key in ``config/methods`` -> module and class; a method's code is imported only where it runs."""


def field_module(key: str) -> str:
    """The module that defines a field.

    Raises:
        ConfigError: no field has this key.
    """
    if key not in FIELDS:
        raise ConfigError(f"field: {key!r} is unknown; expected one of {', '.join(FIELDS)}")
    return FIELDS[key][0]


def build_field(key: str, domain: Domain, settings: dict[str, Any]) -> NeuralField:
    """Builds a field with fresh weights from torch's global generator.

    Raises:
        ConfigError: an unknown, missing or impossible setting.
    """
    cls: type[NeuralField] = getattr(importlib.import_module(field_module(key)), FIELDS[key][1])
    accepted = inspect.signature(cls.__init__).parameters
    unknown = [name for name in settings if name not in accepted]
    missing = [
        name
        for name, parameter in accepted.items()
        if parameter.default is parameter.empty and name not in ("self", "domain", *settings)
    ]
    if unknown or missing:
        raise ConfigError(
            f"field {key!r}: unknown settings {unknown}, missing settings {missing}; "
            f"expected {[name for name in accepted if name not in ('self', 'domain')]}"
        )
    try:
        return cls(domain, **settings)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"field {key!r} on {domain}: {error}") from error
