"""The inner loop that turns signals into latents, and its gradient for the outer loop.

The inner loop is CAVIA's: a few plain gradient steps on the latents alone. Every method of this
project runs through `adapt`. An inner loss is the mean over the points and channels of ONE signal,
and losses are summed over the batch, so a signal's latent never depends on its neighbours.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
from torch import Tensor

from lift.field import Latent, NeuralField, Query

OuterGradient = Literal["exact", "exact-low-memory", "first-order"]


class MetaStep(NamedTuple):
    """What one meta-step measured: ``loss`` is a scalar, ``mse`` is ``(B,)`` after the last step."""

    loss: Tensor
    mse: Tensor


def squared_error(field: NeuralField, latent: Latent, query: Query, values: Tensor) -> Tensor:
    """Each signal's mean squared error ``(B,)`` over its points and channels.

    Args:
        values: ``(B, N, C)`` at the points that ``query`` locates.
    """
    return (field.evaluate(latent, query) - values).square().mean(dim=(1, 2))


def inner_step(field: NeuralField, latent: Latent, query: Query, values: Tensor) -> Latent:
    """One gradient step on every signal's latent, differentiable in everything it reads."""

    def loss(latent: Latent) -> Tensor:
        return (squared_error(field, latent, query, values) + field.penalty(latent)).sum()

    gradient = torch.func.grad(loss)(latent)
    rates = field.inner_rates()
    return {name: latent[name] - rates[name] * gradient[name] for name in latent}


def adapt(field: NeuralField, query: Query, values: Tensor, steps: int) -> Latent:
    """Encodes signals: ``steps`` inner steps from the zero latent, with no graph kept.

    Args:
        query: from ``field.locate(coords)``.
        values: ``(B, N, C)``, the signals at those coordinates, in ``[0, 1]``.
    """
    latent = field.zero_latent(len(values))
    with torch.no_grad():
        for _ in range(steps):
            latent = inner_step(field, latent, query, values)
    return latent


def outer_losses(field: NeuralField, latent: Latent, query: Query, values: Tensor) -> MetaStep:
    """The batch mean that the outer loop lowers, at adapted latents."""
    mse = squared_error(field, latent, query, values)
    return MetaStep((mse + field.penalty(latent)).mean(), mse.detach())


def accumulate_outer_gradient(
    field: NeuralField, query: Query, values: Tensor, steps: int, order: OuterGradient
) -> MetaStep:
    """Adds the outer loss's gradient to ``field``'s parameters.

    ``exact`` differentiates through all unrolled inner steps. ``exact-low-memory`` gives the same
    numbers while holding one step's activations: an inner step depends on the past only through
    its latents, so the chain of vector-Jacobian products is replayed backwards, one step at a
    time, from stored latents. ``first-order`` drops the terms that pass through the inner steps
    (learned rates then get no gradient beyond the last step's).
    """
    if order == "exact":
        latent = field.zero_latent(len(values))
        for _ in range(steps):
            latent = inner_step(field, latent, query, values)
        result = outer_losses(field, latent, query, values)
        result.loss.backward()
        return MetaStep(result.loss.detach(), result.mse)

    visited = [field.zero_latent(len(values))]
    with torch.no_grad():
        for _ in range(steps):
            visited.append(inner_step(field, visited[-1], query, values))
    latent = _leaf(visited.pop())
    result = outer_losses(field, latent, query, values)
    result.loss.backward()
    if order == "exact-low-memory":
        while visited:
            cotangent = [tensor.grad for tensor in latent.values()]
            latent = _leaf(visited.pop())
            stepped = inner_step(field, latent, query, values)
            torch.autograd.backward(list(stepped.values()), cotangent)
    return MetaStep(result.loss.detach(), result.mse)


def _leaf(latent: Latent) -> Latent:
    return {name: tensor.detach().requires_grad_() for name, tensor in latent.items()}
