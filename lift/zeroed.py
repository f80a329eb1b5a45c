"""Layers that start as zero, so that a residual branch starts as nothing."""

from __future__ import annotations

from typing import TypeVar

from torch import nn

Layer = TypeVar("Layer", bound=nn.Module)


def zeroed_(layer: Layer) -> Layer:
    """The layer with all parameters set to zero, in place."""
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
    return layer
