"""Builds the networks of the comparison, and counts them."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from torch import nn

from baselines.single_signal import FINER, SIREN, WIRE, Gauss, ReLUPE, nyquist_octaves
from benchmarks.settings.reading import ConfigError
from benchmarks.stages.single_signal.settings import NetworkSettings, ScaleSizes, TaskSettings
from lift.relift import ReLIFT

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
    factor: float,
) -> NetworkOf:
    """The network of a method on a task.

    Args:
        grid: samples along each axis of the signal.
        factor: what all of a network's frequencies are multiplied by: the first sine layer's (as
            ReLIFT's gamma does), all of a wavelet's and a Gaussian's constants, and the highest of
            an encoding, which gets an octave more for every factor of two.

    Raises:
        ConfigError: no network has this name.
    """
    constants = settings.model_dump(exclude={"title"}, exclude_none=True)
    constants |= task.networks.get(method, {})
    octaves = nyquist_octaves(max(grid) // task.encoding_divisor)
    first_w0 = {"first_w0": factor * constants.pop("first_w0", task.first_w0)}
    known: dict[str, tuple[type[nn.Module], dict[str, Any]]] = {
        "relift": (ReLIFT, {"first_w0": task.first_w0, "gamma": factor}),
        "siren": (SIREN, first_w0),
        "finer": (FINER, first_w0),
        "wire": (WIRE, first_w0),
        "gauss": (Gauss, {}),
        "relu_pe": (ReLUPE, {"octaves": max(1, octaves + round(math.log2(factor)))}),
    }
    if method not in known:
        raise ConfigError(
            f"config/single_signal.yaml: {method!r} is no network; expected {', '.join(known)}"
        )
    kind, of_task = known[method]
    if method in ("wire", "gauss"):
        constants = {name: factor * value for name, value in constants.items()}
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
