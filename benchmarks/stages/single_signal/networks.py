"""Builds the networks of the comparison, and counts them."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from torch import nn

from baselines.single_signal import FINER, SIREN, WIRE, Gauss, ReLUPE, nyquist_octaves
from benchmarks.settings.reading import ConfigError
from benchmarks.stages.single_signal.settings import NetworkSettings, ScaleSizes, TaskSettings
from lift.relift import ReLIFT

HIDDEN = frozenset({"w0", "sigma"})
"""Constants of the layers after the first."""
COMPLEX_MACS = 4
"""Real multiply-adds of a complex one."""


class NetworkOf(NamedTuple):
    """A network before its weights: a class and what it is made with, JSON values."""

    kind: type[nn.Module]
    arguments: dict[str, int | float]

    def build(self) -> nn.Module:
        """A fresh network of torch's global generator."""
        return self.kind(**self.arguments)


def network_of(
    method: str,
    settings: NetworkSettings,
    task: TaskSettings,
    scale: ScaleSizes,
    grid: tuple[int, ...],
    channels: int,
    first: float,
    hidden: float,
) -> NetworkOf:
    """The network of a method on a task.

    Args:
        grid: samples along each axis of the signal.
        first: what the frequencies, or the widths of bumps, of the first layer are multiplied by,
            as ReLIFT's gamma does; an encoding gets an octave more for every factor of two.
        hidden: the same of the other layers; ReLU + PE has no such constant.

    Raises:
        ConfigError: no network has this name.
    """
    constants = settings.model_dump(exclude={"title"}, exclude_none=True)
    constants |= task.networks.get(method, {})
    octaves = nyquist_octaves(max(grid) // task.encoding_divisor)
    first_w0 = {"first_w0": first * constants.pop("first_w0", task.first_w0)}
    first_sigma = {"first_sigma": first * constants.get("sigma", 1.0)}
    for name in HIDDEN & constants.keys():
        constants[name] *= hidden
    known: dict[str, tuple[type[nn.Module], dict[str, Any]]] = {
        "relift": (ReLIFT, {"first_w0": task.first_w0, "gamma": first}),
        "siren": (SIREN, first_w0),
        "finer": (FINER, first_w0),
        "wire": (WIRE, first_w0 | first_sigma),
        "gauss": (Gauss, first_sigma),
        "relu_pe": (ReLUPE, {"octaves": max(1, octaves + round(math.log2(first)))}),
    }
    if method not in known:
        raise ConfigError(
            f"config/single_signal.yaml: {method!r} is no network; expected {', '.join(known)}"
        )
    kind, of_task = known[method]
    sizes = {"dimensions": len(grid), "channels": channels}
    sizes |= {"width": scale.width, "hidden": scale.hidden}
    return NetworkOf(kind, {**sizes, **of_task, **constants})


def parameters(network: nn.Module) -> int:
    """Real numbers that are learned; a complex weight is two."""
    return sum(p.numel() * (2 if p.is_complex() else 1) for p in network.parameters())


def macs(network: nn.Module) -> int:
    """Real multiply-adds of the linear layers for one point, biases left out."""
    layers = [layer for layer in network.modules() if isinstance(layer, nn.Linear)]
    return sum(
        layer.weight.numel() * (COMPLEX_MACS if layer.weight.is_complex() else 1)
        for layer in layers
    )
