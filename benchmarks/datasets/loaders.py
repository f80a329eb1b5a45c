"""The loader that configuration names as ``package.module``."""

from __future__ import annotations

from benchmarks.datasets.raw import Raw
from benchmarks.settings.dataset import DatasetConfig
from benchmarks.settings.folders import load_module
from benchmarks.settings.reading import ConfigError


def load_raw(config: DatasetConfig) -> Raw:
    """Opens a data set's sources; signals are read when the chunks are.

    Raises:
        ConfigError: there is no such module, or it has no function ``load``.
    """
    load = getattr(load_module(config.loader), "load", None)
    if load is None:
        raise ConfigError(f"{config.name}: loader: {config.loader!r} has no function `load`")
    raw: Raw = load(config)
    return raw
