"""The inner loop that turns signals into latents, and its gradient for the outer loop.

The inner loop is CAVIA's: a few plain gradient steps on the latents alone. Every method of this
project runs through `adapt`. An inner loss is the mean over the points and channels of ONE signal,
and losses are summed over the batch, so a signal's latent never depends on its neighbours.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from lift.field import Latent, NeuralField, Query

OuterGradient = Literal["exact", "exact-low-memory", "first-order"]


class MetaStep(NamedTuple):
    """What a meta-step measured: ``loss`` is a scalar, ``mse`` is ``(B,)`` after the last step."""

    loss: Tensor
    mse: Tensor


def squared_error(field: NeuralField, latent: Latent, query: Query, values: Tensor) -> Tensor:
    """Each signal's mean squared error ``(B,)`` over its points and channels.

    Args:
        values: ``(B, N, C)`` at the points that ``query`` locates.
    """
    return (field.evaluate(latent, query) - values).square().mean(dim=(1, 2))


def latent_gradient(field: NeuralField, latent: Latent, query: Query, values: Tensor) -> Latent:
    """Gradient of every signal's inner loss, differentiable in everything that it reads."""

    def loss(latent: Latent) -> Tensor:
        return (squared_error(field, latent, query, values) + field.penalty(latent)).sum()

    return torch.func.grad(loss)(latent)


def outer_losses(field: NeuralField, latent: Latent, query: Query, values: Tensor) -> MetaStep:
    """The batch mean that the outer loop lowers, at adapted latents."""
    mse = squared_error(field, latent, query, values)
    return MetaStep((mse + field.penalty(latent)).mean(), mse.detach())


def descend(field: NeuralField, latent: Latent, gradient: Latent) -> Latent:
    """One inner step of plain gradient descent at the field's own rates."""
    rates = field.inner_rates()
    return {name: latent[name] - rates[name] * gradient[name] for name in latent}


class Kernels(NamedTuple):
    """The two functions that all time is spent in, plain or compiled."""

    latent_gradient: Callable[[NeuralField, Latent, Query, Tensor], Latent]
    outer_losses: Callable[[NeuralField, Latent, Query, Tensor], MetaStep]


EAGER = Kernels(latent_gradient, outer_losses)


def compiled_kernels() -> Kernels:
    """The same functions through torch.compile, which fuses the sines and their derivatives.

    The gradient with respect to the latent is taken inside the graph (torch.func), so autograd
    differentiates it once more like any compiled function. One inner step is one graph: compile
    time does not grow with the number of steps.
    """
    return Kernels(
        torch.compile(latent_gradient, dynamic=False), torch.compile(outer_losses, dynamic=False)
    )


def adapt(
    field: NeuralField, query: Query, values: Tensor, steps: int, *, kernels: Kernels = EAGER
) -> Latent:
    """Encodes signals: ``steps`` inner steps from the zero latent, with no graph kept.

    Args:
        query: from ``field.locate(coords)``.
        values: ``(B, N, C)``, the signals at those coordinates, in ``[0, 1]``.
    """
    latent = field.zero_latent(len(values))
    with torch.no_grad():
        shared = field.first_gradient(query, values) if steps else None
        if shared is not None:
            latent, steps = descend(field, latent, shared), steps - 1
        for _ in range(steps):
            latent = descend(field, latent, kernels.latent_gradient(field, latent, query, values))
    return latent


def accumulate_outer_gradient(
    field: NeuralField,
    query: Query,
    values: Tensor,
    start: Latent | None,
    steps: int,
    order: OuterGradient,
    kernels: Kernels = EAGER,
    chunk: int | None = None,
) -> MetaStep:
    """Runs one meta-step and adds its gradient to ``field``'s parameters.

    ``exact`` differentiates through all unrolled inner steps. ``exact-low-memory`` gives the same
    numbers while holding one step's activations: an inner step depends on the past only through
    its latents, so the chain of vector-Jacobian products is replayed backwards, one step at a
    time, from stored latents. ``first-order`` takes the inner gradients as constants.

    Args:
        start: the latents to start from; None for zero, whose first step a field may share.
        chunk: signals that are taken at once, all by default. Signals meet in the mean alone, so
            that chunks' gradients add up, while fewer activations stay nearer to the processor.
    """
    batch, results = len(values), []
    if start is None:
        start = field.zero_latent(batch)
        with torch.set_grad_enabled(order != "exact-low-memory"):
            reached = _shared_step(field, start, query, values, order)
        if reached is not None:
            start = _leaf(reached)
            result = accumulate_outer_gradient(
                field, query, values, start, steps - 1, order, kernels, chunk
            )
            if order == "exact-low-memory":  # its graph was not kept meanwhile
                reached = _shared_step(field, field.zero_latent(batch), query, values, order)
            assert reached is not None
            if any(tensor.requires_grad for tensor in reached.values()):
                _pull_back(reached, start)  # of first order, learned rates alone
            return result
    for first in range(0, batch, chunk or batch):
        part = slice(first, first + (chunk or batch))
        signals = values[part]
        share = len(signals) / batch
        located = {name: rows if len(rows) == 1 else rows[part] for name, rows in query.items()}
        latent = {name: tensor[part] for name, tensor in start.items()}
        result = _accumulate(field, located, signals, latent, steps, order, kernels, share)
        results.append(MetaStep(share * result.loss, result.mse))
    losses, errors = zip(*results, strict=True)
    return MetaStep(torch.stack(losses).sum(), torch.cat(errors))


def _shared_step(
    field: NeuralField, zero: Latent, query: Query, values: Tensor, order: OuterGradient
) -> Latent | None:
    """The first inner step of fields that take it for all signals at once; None for others."""
    gradient = field.first_gradient(query, values)
    if gradient is None:
        return None
    if order == "first-order":
        gradient = {name: tensor.detach() for name, tensor in gradient.items()}
    return descend(field, zero, gradient)


def _accumulate(
    field: NeuralField,
    query: Query,
    values: Tensor,
    start: Latent,
    steps: int,
    order: OuterGradient,
    kernels: Kernels,
    share: float,
) -> MetaStep:
    """Adds the gradient of ``share`` times the mean over these signals."""
    if order == "exact":
        latent = start
        for _ in range(steps):
            latent = descend(field, latent, kernels.latent_gradient(field, latent, query, values))
        result = kernels.outer_losses(field, latent, query, values)
        (share * result.loss).backward()
        return MetaStep(result.loss.detach(), result.mse)

    visited, gradients = [start], []
    with torch.no_grad():
        for _ in range(steps):
            gradients.append(kernels.latent_gradient(field, visited[-1], query, values))
            visited.append(descend(field, visited[-1], gradients[-1]))

    if order == "first-order":
        latent = start
        for gradient in gradients:
            latent = descend(field, latent, gradient)
        result = kernels.outer_losses(field, latent, query, values)
        (share * result.loss).backward()
        return MetaStep(result.loss.detach(), result.mse)

    latent = _leaf(visited.pop())
    result = kernels.outer_losses(field, latent, query, values)
    (share * result.loss).backward()
    while visited:
        later, latent = latent, _leaf(visited.pop())
        gradient = kernels.latent_gradient(field, latent, query, values)
        _pull_back(descend(field, latent, gradient), later)
    if any(tensor.requires_grad for tensor in start.values()):
        _pull_back(start, latent)
    return MetaStep(result.loss.detach(), result.mse)


def _pull_back(reached: Latent, leaf: Latent) -> None:
    """Carries the gradient of a detached copy back to what it was copied from."""
    torch.autograd.backward(list(reached.values()), [tensor.grad for tensor in leaf.values()])


def _leaf(latent: Latent) -> Latent:
    return {name: tensor.detach().requires_grad_() for name, tensor in latent.items()}
