"""The classifiers that configuration can name, and how one is built and counted."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from baselines.torchvision_guard import import_torchvision
from benchmarks.metrics.cost import count_forward
from benchmarks.settings.reading import ConfigError
from lift.vmamba.classifier import VMambaClassifier

HEADS = {
    "vmamba": ("lift.vmamba.classifier", "VMambaClassifier"),
    "mlp": ("baselines.classifiers", "MLPClassifier"),
    "transformer": ("baselines.classifiers", "TransformerClassifier"),
    "resnet": ("baselines.resnet", "ResNet"),
    "vit": ("baselines.vit", "ViT"),
}
"""Key in configuration -> module and class; a head's code is imported only where it runs."""
Shapes = Mapping[str, tuple[int, ...]]


def head_module(key: str) -> str:
    """The module that defines a head.

    Raises:
        ConfigError: no head has this key.
    """
    if key not in HEADS:
        raise ConfigError(f"head: {key!r} is unknown; expected one of {', '.join(HEADS)}")
    return HEADS[key][0]


def build_head(key: str, shapes: Shapes, classes: int, settings: dict[str, Any]) -> nn.Module:
    """Builds a head with fresh weights from torch's global generator.

    Args:
        shapes: of what one signal gives it, by name.

    Raises:
        ConfigError: an unknown, missing or impossible setting.
    """
    module = head_module(key)
    if key == "resnet":
        import_torchvision()
    cls: type[nn.Module] = getattr(importlib.import_module(module), HEADS[key][1])
    accepted = inspect.signature(cls.__init__).parameters
    unknown = [name for name in settings if name not in accepted]
    missing = [
        name
        for name, parameter in accepted.items()
        if parameter.default is parameter.empty
        and name not in ("self", "shapes", "classes", *settings)
    ]
    if unknown or missing:
        raise ConfigError(
            f"head {key!r}: unknown settings {unknown}, missing settings {missing}; expected "
            f"{[name for name in accepted if name not in ('self', 'shapes', 'classes')]}"
        )
    try:
        return cls(shapes, classes, **settings)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"head {key!r}: {error}") from error


class HeadCost(NamedTuple):
    """Multiply-adds of classifying one signal, and what their count leaves out."""

    macs: int
    note: str


class _NamedInputs(nn.Module):
    """A head that takes its signal's tensors one by one, as tracers want them."""

    def __init__(self, head: nn.Module, names: list[str]) -> None:
        super().__init__()
        self.head, self.names = head, names

    def forward(self, *signal: Tensor) -> Tensor:
        scores: Tensor = self.head(dict(zip(self.names, signal, strict=True)))
        return scores


def head_cost(head: nn.Module, shapes: Shapes) -> HeadCost:
    """Matrix products as counted, and the scans of VMamba, which have none, as it estimates them.

    Leaves the head on the CPU.
    """
    one = tuple(torch.zeros(1, *shape) for shape in shapes.values())
    was_training = head.training
    counted = count_forward(_NamedInputs(head.cpu().eval(), list(shapes)), one)
    head.train(was_training)
    if isinstance(head, VMambaClassifier):
        return HeadCost(counted.most + head.scan_macs(), "scans by VMamba's estimate")
    return HeadCost(counted.most, counted.remark)
