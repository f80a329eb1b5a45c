"""The fixture of ENF's and MetaLF's golden numbers: weights, images, and what is compared.

The released codes fit values in [-1, 1]: their losses are 4 times ours, and so are their gradients.
"""

from dataclasses import dataclass, field
from typing import Any

import pytest
import torch
from torch import Tensor

from lift.field import NeuralField
from lift.meta.inner import adapt
from lift.meta.outer import OuterGradient, meta_step

TOLERANCE = {torch.float64: 1e-10, torch.float32: 1e-5}
STEPS = 2
RATES: dict[str, Any] = {
    "start": {"pose": 1.0, "content": 1.0},
    "learned": "coordinate",
    "steps": STEPS,
    "scale": 4.0,
}


@dataclass(frozen=True)
class Golden:
    """Numbers of one released code; ``pose`` and ``content`` are what two inner steps add.

    ``first`` is the first point's value at the starting tokens, ``mean`` that of all; of each
    latent its first four floats in both images, and its sum weighed by ``filled``; of each
    gradient the sum weighed by ``filled`` of its place in the names' order, 100 added.
    """

    first: list[float]
    mean: float
    loss: float
    pose: list[list[float]]
    pose_weighed: list[float]
    content: list[list[float]]
    content_weighed: list[float]
    gradients: dict[str, float] = field(repr=False)


def filled(shape: tuple[int, ...], scale: float, t: int) -> Tensor:
    """``scale * sin(0.37 k^2 + 0.91 t + 0.5)``, k the row-major index."""
    k = torch.arange(torch.Size(shape).numel(), dtype=torch.float64)
    return (scale * torch.sin(0.37 * k * k + 0.91 * t + 0.5)).view(shape)


def weighed(tensor: Tensor, t: int) -> float:
    """A sum that sees every entry and its place."""
    return (tensor.double().flatten() * filled((tensor.numel(),), 1.0, t)).sum().item()


def fill(built: NeuralField) -> NeuralField:
    """Weights by their names' order; places start beside a grid of 3 x 3, the row first."""
    with torch.no_grad():
        for t, (name, parameter) in enumerate(sorted(built.named_parameters())):
            value = filled(tuple(parameter.shape), 0.3, t)
            if name == "start.pose":
                axis = (torch.arange(3).double() + 0.5) / 3 * 2 - 1
                value = torch.cartesian_prod(axis, axis) + 0.1 * value
            elif name.startswith("rates.") or "norm.weight" in name:
                value = 1 + value
            parameter.copy_(value)
    return built


def images() -> Tensor:
    """Two images of 5 x 5 pixels, ``(2, 25, 3)``, moved from [-1, 1] to [0, 1]."""
    n, i, j, c = torch.meshgrid(*[torch.arange(s).double() for s in (2, 5, 5, 3)], indexing="ij")
    return ((torch.sin(0.3 * n + 0.5 * i + 0.7 * j + 1.1 * c) + 1) / 2).reshape(2, 25, 3)


def grid() -> Tensor:
    """Pixel centres of 5 x 5 pixels, which float32 does not hold exactly, ``(1, 25, 2)``."""
    axis = (torch.arange(5).double() + 0.5) / 5
    return torch.cartesian_prod(axis, axis).unsqueeze(0)


def check_values(built: NeuralField, golden: Golden, dtype: torch.dtype) -> None:
    """At the starting tokens."""
    field = fill(built.double()).to(dtype)
    found = 2 * field(field.zero_latent(1), grid().to(dtype)) - 1
    assert found[0, 0].tolist() == pytest.approx(golden.first, abs=TOLERANCE[dtype])
    assert found.mean().item() == pytest.approx(golden.mean, abs=TOLERANCE[dtype])


def check_latents(built: NeuralField, golden: Golden, dtype: torch.dtype) -> None:
    """What two inner steps make of both images."""
    field = fill(built.double()).to(dtype)
    query = field.locate(grid().to(dtype))
    latent = adapt(field, query, images().to(dtype), STEPS)
    for name, rows, sums in (
        ("pose", golden.pose, golden.pose_weighed),
        ("content", golden.content, golden.content_weighed),
    ):
        for found, row, total in zip(latent[name], rows, sums, strict=True):
            assert found.flatten()[:4].tolist() == pytest.approx(row, abs=TOLERANCE[dtype])
            assert weighed(found, 1) == pytest.approx(total, abs=10 * TOLERANCE[dtype])


def check_outer_gradients(built: NeuralField, golden: Golden, way: OuterGradient) -> None:
    """Through both inner steps, those of the starting tokens and of learned rates included."""
    field = fill(built.double())
    query = field.locate(grid())
    step = meta_step(field, STEPS, way)(query, images(), None)
    assert 4 * step.loss.item() == pytest.approx(golden.loss, rel=1e-10)
    found = {
        name: 4 * weighed(parameter.grad, 100 + t)
        for t, (name, parameter) in enumerate(sorted(field.named_parameters()))
        if parameter.grad is not None
    }
    assert found == pytest.approx(golden.gradients, rel=1e-8, abs=1e-10)
