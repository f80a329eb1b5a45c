"""The field that configuration names as ``package.module:Class``."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

import torch

from benchmarks.settings.arguments import check_arguments, refused
from benchmarks.settings.folders import load_module
from benchmarks.settings.merge import Tree, leaf_at, plain, sourced
from benchmarks.settings.reading import ConfigError
from lift.field import Domain, NeuralField
from lift.meta.rates import learned_rates

GIVEN = ("domain",)
"""Arguments of a field that are no settings."""


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


def build_field(spec: str, domain: Domain, settings: Mapping[str, Any]) -> NeuralField:
    """Builds a field with fresh weights from torch's global generator.

    Raises:
        ConfigError: there is no such field, or a setting is unknown, missing or impossible.
    """
    where = f"field {spec!r} on {domain}"
    tree = sourced(settings, where)
    cls = field_class(spec)
    check_arguments(cls, tree, where, "settings", GIVEN)
    try:
        return cls(domain, **settings)
    except Exception as error:
        raise refused(error, tree, where, "settings") from error


def check_field(spec: str, domain: Domain, tree: Tree, fit: Tree, where: str) -> None:
    """Builds a cell's field once, to see that it can be, and that its training fits it.

    Fields are small: it takes milliseconds.

    Args:
        tree: the field's settings.
        fit: the settings of its training, already checked.
        where: the method's file.

    Raises:
        ConfigError: a setting is unknown, missing or impossible; the message names its place.
    """
    check_arguments(field_class(spec), tree, where, "field", GIVEN)
    try:
        field = sketch_field(spec, domain, plain(tree)).field
    except Exception as error:
        raise refused(error, tree, where, "field") from error
    stride = leaf_at(fit, ("stride",))
    if stride and domain.resolution % stride.value:
        raise ConfigError(
            f"{stride}: {stride.value} does not divide the resolution {domain.resolution}; "
            "expected a divisor"
        )
    for name in ("tied_steps", "agreement"):
        leaf = leaf_at(fit, (name,))
        if leaf and leaf.value and not field.regional_parameters():
            raise ConfigError(
                f"{leaf}: {leaf.value}, expected 0: {spec} has no region with a network of its own"
            )
    muon = leaf_at(fit, ("muon_rate",))
    if muon and muon.value and not field.hidden_matrices():
        raise ConfigError(f"{muon}: {muon.value}, expected null: {spec} has no matrices for Muon")
    rates = leaf_at(fit, ("rates_rate",))
    if rates and rates.value and not learned_rates(field):
        raise ConfigError(f"{rates}: {rates.value}, expected null: inner rates are fixed")


class Sketch(NamedTuple):
    """A field without its numbers, and the shapes of one signal's latent, ``(d,)`` or more."""

    field: NeuralField
    latents: Mapping[str, tuple[int, ...]]


def sketch_field(spec: str, domain: Domain, settings: Mapping[str, Any]) -> Sketch:
    """A field as it will be, once for all who ask; the global generator stays as it was.

    Raises:
        Exception: the constructor's own.
        RuntimeError: a parameter or a latent has no numbers.
    """
    return _sketch(spec, domain, json.dumps(settings))


@cache
def _sketch(spec: str, domain: Domain, settings: str) -> Sketch:
    with torch.random.fork_rng(devices=()):
        field = field_class(spec)(domain, **json.loads(settings))
    latents = {name: tuple(z.shape[1:]) for name, z in field.zero_latent(1).items()}
    empty = [name for name, tensor in field.named_parameters() if not tensor.numel()]
    empty += [f"latent {name}" for name, shape in latents.items() if 0 in shape]
    if empty:
        raise RuntimeError(f"{empty[0]} has no numbers")
    return Sketch(field.to("meta"), latents)
