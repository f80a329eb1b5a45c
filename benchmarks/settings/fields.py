"""The field that configuration names as ``package.module:Class``."""

from __future__ import annotations

import inspect
from typing import Any

from benchmarks.settings.folders import load_module
from benchmarks.settings.reading import ConfigError
from lift.field import Domain, NeuralField


def field_module(spec: str) -> str:
    """The module that defines a field."""
    return spec.partition(":")[0]


def field_class(spec: str) -> type[NeuralField]:
    """The class of a field; a method's code is imported only where it runs.

    Raises:
        ConfigError: there is no such class of neural fields.
    """
    module, _, name = spec.partition(":")
    found = getattr(load_module(module), name, None)
    if not (inspect.isclass(found) and issubclass(found, NeuralField)):
        raise ConfigError(
            f"field: {spec!r}: expected package.module:Class, a class of lift.NeuralField"
        )
    return found


def build_field(spec: str, domain: Domain, settings: dict[str, Any]) -> NeuralField:
    """Builds a field with fresh weights from torch's global generator.

    Raises:
        ConfigError: there is no such field, or a setting is unknown, missing or impossible.
    """
    cls = field_class(spec)
    accepted = inspect.signature(cls.__init__).parameters
    unknown = [name for name in settings if name not in accepted]
    missing = [
        name
        for name, parameter in accepted.items()
        if parameter.default is parameter.empty and name not in ("self", "domain", *settings)
    ]
    if unknown or missing:
        raise ConfigError(
            f"field {spec!r}: unknown settings {unknown}, missing settings {missing}; "
            f"expected {[name for name in accepted if name not in ('self', 'domain')]}"
        )
    try:
        return cls(domain, **settings)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"field {spec!r} on {domain}: {error}") from error
