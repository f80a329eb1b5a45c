"""The inner loop, which turns signals into latents: a few gradient steps from the zero latent.

CAVIA's: plain gradient steps on the latents alone. Every method of this project runs through
`unroll`. An inner loss is the mean over the points and channels of ONE signal, and losses are
summed over the batch, so a signal's latent never depends on its neighbours.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from lift.compiling import compiled
from lift.field import Latent, NeuralField, Query

InnerGradient = Callable[[NeuralField, Latent, Query, Tensor, bool], Latent]
"""Gradient of every signal's inner loss, ``(field, latent, query, values, at_zero)``."""


def squared_error(field: NeuralField, latent: Latent, query: Query, values: Tensor) -> Tensor:
    """Each signal's mean squared error ``(B,)`` over its points and channels.

    Args:
        values: ``(B, N, C)`` at the points that ``query`` locates.
    """
    return (field.evaluate(latent, query) - values).square().mean(dim=(1, 2))


def inner_gradient(
    field: NeuralField, latent: Latent, query: Query, values: Tensor, at_zero: bool
) -> Latent:
    """Gradient of every signal's inner loss, differentiable in everything that it reads.

    Args:
        at_zero: whether this is the zero latent, where a field may have a shorter way.
    """
    shared = field.first_gradient(query, values) if at_zero else None
    if shared is not None:
        return shared

    def loss(latent: Latent) -> Tensor:
        return (squared_error(field, latent, query, values) + field.penalty(latent)).sum()

    return torch.func.grad(loss)(latent)


def descend(field: NeuralField, latent: Latent, gradient: Latent, step: int) -> Latent:
    """Inner step number ``step``, from 0: plain gradient descent at the field's own rates."""
    rates = field.inner_rates(step)
    return {name: latent[name] - rates[name] * gradient[name] for name in latent}


def unroll(
    field: NeuralField,
    query: Query,
    values: Tensor,
    steps: int,
    start: Latent | None = None,
    gradient_of: InnerGradient = inner_gradient,
) -> list[Latent]:
    """The latents that ``steps`` inner steps visit, the start first: ``steps + 1`` of them.

    Args:
        start: the latent to start from; None for zero.
    """
    visited = [field.zero_latent(len(values)) if start is None else start]
    for step in range(steps):
        at_zero = start is None and step == 0
        gradient = gradient_of(field, visited[-1], query, values, at_zero)
        visited.append(descend(field, visited[-1], gradient, step))
    return visited


def gradient_function(compile: bool, device: torch.device) -> InnerGradient:
    """`inner_gradient`, or the same through torch.compile, which fuses sines and derivatives.

    The gradient with respect to the latent is taken inside the graph (torch.func), so that
    autograd differentiates it once more like any compiled function.
    """
    return compiled(inner_gradient, device) if compile else inner_gradient


def adapt(
    field: NeuralField,
    query: Query,
    values: Tensor,
    steps: int,
    *,
    gradient_of: InnerGradient = inner_gradient,
) -> Latent:
    """Encodes signals: ``steps`` inner steps from the zero latent, with no graph kept.

    Args:
        query: from ``field.locate(coords)``.
        values: ``(B, N, C)``, the signals at those coordinates, in ``[0, 1]``.
    """
    with torch.no_grad():
        return unroll(field, query, values, steps, gradient_of=gradient_of)[-1]
