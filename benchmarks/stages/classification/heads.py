"""The classifiers that configuration can name, and how one is built and counted."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from baselines.torchvision_guard import import_torchvision
from benchmarks.metrics.cost import count_forward
from benchmarks.settings.arguments import check_arguments
from benchmarks.settings.merge import Tree, sourced
from benchmarks.settings.reading import ConfigError
from lift.vmamba.classifier import VMambaClassifier

HEADS = {
    "vmamba": ("lift.vmamba.classifier", "VMambaClassifier"),
    "mlp": ("baselines.classifiers", "MLPClassifier"),
    "transformer": ("baselines.classifiers", "TransformerClassifier"),
    "convolutional": ("baselines.classifiers", "ConvolutionalClassifier"),
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


def check_head(
    key: str, settings: Tree, where: str, name: str = "classification.settings"
) -> type[nn.Module]:
    """The class of a head, its settings checked.

    Args:
        where: names the file or cell.
        name: of the settings' group.

    Raises:
        ConfigError: no head has this key, or a setting is unknown, missing or wrong.
    """
    cls: type[nn.Module] = getattr(importlib.import_module(head_module(key)), HEADS[key][1])
    check_arguments(cls, settings, where, name, ("shapes", "classes"))
    return cls


def build_head(key: str, shapes: Shapes, classes: int, settings: dict[str, Any]) -> nn.Module:
    """Builds a head with fresh weights from torch's global generator.

    Args:
        shapes: of what one signal gives it, by name.

    Raises:
        ConfigError: an unknown, missing or impossible setting.
    """
    cls = check_head(key, sourced(settings, f"head {key!r}"), f"head {key!r}")
    if key == "resnet":
        import_torchvision()
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
