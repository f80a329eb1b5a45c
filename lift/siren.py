"""Initialisation of sine networks (Sitzmann et al. 2020, section 3.2)."""

from __future__ import annotations

import math

from torch import Tensor, nn


def first_layer_(weight: Tensor, fan_in: int) -> Tensor:
    """Fills a first layer in place with ``U(-1/fan_in, 1/fan_in)``."""
    return nn.init.uniform_(weight, -1 / fan_in, 1 / fan_in)


def hidden_layer_(weight: Tensor, fan_in: int, w0: float) -> Tensor:
    """Fills a later layer in place with ``U(-b, b)``, ``b = sqrt(6 / fan_in) / w0``."""
    bound = math.sqrt(6 / fan_in) / w0
    return nn.init.uniform_(weight, -bound, bound)


def default_bias_(bias: Tensor, fan_in: int) -> Tensor:
    """Fills a bias in place as PyTorch's linear layers do, ``U(-1/sqrt(fan_in), ...)``."""
    bound = 1 / math.sqrt(fan_in)
    return nn.init.uniform_(bias, -bound, bound)
