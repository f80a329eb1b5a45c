"""The outer gradient: how the weights change the error that adapted latents leave.

Exact in two ways that give the same numbers but for rounding. **Unrolled**: autograd through all
inner steps at once. **Replayed**: an inner step depends on the past only through its latents, so
the chain of vector-Jacobian products is taken backwards, one step at a time, from stored latents;
it holds one step's activations, however many steps there are. ``first-order`` takes the inner
gradients as constants.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple, Protocol

import torch
from torch import Tensor, nn

from lift.compiling import compiled, compiling_works
from lift.field import Latent, NeuralField, Query
from lift.meta.inner import (
    InnerGradient,
    descend,
    gradient_function,
    squared_error,
    unroll,
)
from lift.meta.labels import classifier_of

OuterGradient = Literal["unrolled", "replayed", "first-order"]


class MetaStep(NamedTuple):
    """What a meta-step measured: ``loss`` is a scalar, ``mse`` is ``(B,)`` after the last step."""

    loss: Tensor
    mse: Tensor


class TakeStep(Protocol):
    """Takes a meta-step and adds its gradient to the field's parameters."""

    def __call__(
        self, query: Query, values: Tensor, start: Latent | None, labels: Tensor | None = None
    ) -> MetaStep:
        """``labels`` are ``(B,)`` int64, of a field with a classifier; None leaves it out."""


Part = Callable[[Query, Tensor, Latent | None, Tensor | None, float], MetaStep]
"""The same for some of a batch's signals, weighed by their share of the batch."""


def meta_step(
    field: NeuralField,
    inner_steps: int,
    gradient: OuterGradient,
    *,
    micro_batch: int | None = None,
    compile: bool = False,
) -> TakeStep:
    """The function that takes a field's meta-steps in one way.

    Args:
        micro_batch: signals that are taken at once, all by default. Signals meet in the mean alone,
            so that parts' gradients add up, while fewer activations stay nearer to the processor.
        compile: fuses an unrolled step into one graph, and a replayed one step by step.
    """
    part: Part
    device = next(field.parameters()).device
    if gradient == "unrolled":
        fused = compile and compiling_works(device.type)
        part = _compiled(field, inner_steps, device) if fused else _unrolled(field, inner_steps)
    else:
        taken = _replayed if gradient == "replayed" else _first_order
        part = taken(field, inner_steps, gradient_function(compile, device))

    def take(
        query: Query, values: Tensor, start: Latent | None, labels: Tensor | None = None
    ) -> MetaStep:
        results = [
            part(
                *located, labels if labels is None else labels[rows], len(located[1]) / len(values)
            )
            for located, rows in parts_of(query, values, start, micro_batch)
        ]
        losses, errors = zip(*results, strict=True)
        return MetaStep(torch.stack(losses).sum(), torch.cat(errors))

    return take


def parts_of(
    query: Query, values: Tensor, start: Latent | None, micro_batch: int | None
) -> Iterator[tuple[tuple[Query, Tensor, Latent | None], slice]]:
    """A batch in micro-batches, each with its place in the batch."""
    batch = len(values)
    for first in range(0, batch, micro_batch or batch):
        part = slice(first, first + (micro_batch or batch))
        located = {name: rows if len(rows) == 1 else rows[part] for name, rows in query.items()}
        latent = start and {name: tensor[part] for name, tensor in start.items()}
        yield (located, values[part], latent), part


def outer_loss(
    field: NeuralField, latent: Latent, query: Query, values: Tensor, labels: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """The mean that the outer loop lowers, at adapted latents, and each signal's error ``(B,)``."""
    mse = squared_error(field, latent, query, values)
    loss = mse + field.penalty(latent)
    classifier = classifier_of(field)
    if classifier is not None and labels is not None:
        loss = loss + classifier.error(latent, labels)
    return loss.mean(), mse.detach()


class Unrolled(nn.Module):
    """The outer loss after ``steps`` inner steps, as a module, whose weights can be swapped."""

    def __init__(self, field: NeuralField, steps: int) -> None:
        super().__init__()
        self.field, self.steps = field, steps

    def forward(
        self, query: Query, values: Tensor, start: Latent | None, labels: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Loss, a scalar, and each signal's error, ``(B,)``."""
        latent = unroll(self.field, query, values, self.steps, start)[-1]
        return outer_loss(self.field, latent, query, values, labels)


def _unrolled(field: NeuralField, steps: int) -> Part:
    unrolled = Unrolled(field, steps)

    def part(
        query: Query, values: Tensor, start: Latent | None, labels: Tensor | None, share: float
    ) -> MetaStep:
        loss, mse = unrolled(query, values, start, labels)
        (share * loss).backward()
        return MetaStep(share * loss.detach(), mse)

    return part


def _compiled(field: NeuralField, steps: int, device: torch.device) -> Part:
    """The unrolled step as one pure function of the weights, both of whose gradients are
    torch.func's, so that a compiler sees every operation of the step at once."""
    unrolled = Unrolled(field, steps)

    def outer_gradient(
        weights: dict[str, Tensor], *batch: object
    ) -> tuple[dict[str, Tensor], tuple[Tensor, Tensor]]:
        def loss(weights: dict[str, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
            result = torch.func.functional_call(unrolled, weights, batch)
            return result[0], result

        return torch.func.grad(loss, has_aux=True)(weights)

    gradient_of = compiled(outer_gradient, device)

    def part(
        query: Query, values: Tensor, start: Latent | None, labels: Tensor | None, share: float
    ) -> MetaStep:
        parameters = dict(unrolled.named_parameters())
        weights = {name: parameter.detach() for name, parameter in parameters.items()}
        gradients, (loss, mse) = gradient_of(weights, query, values, start, labels)
        for name, parameter in parameters.items():
            # A compiler may return one tensor for equal gradients, and clipping writes in place.
            gradient, earlier = share * gradients[name], parameter.grad
            parameter.grad = gradient if earlier is None else earlier + gradient
        return MetaStep(share * loss, mse)

    return part


def _replayed(field: NeuralField, steps: int, gradient_of: InnerGradient) -> Part:
    def part(
        query: Query, values: Tensor, start: Latent | None, labels: Tensor | None, share: float
    ) -> MetaStep:
        with torch.no_grad():
            visited = unroll(field, query, values, steps, start, gradient_of)
        latent = _leaf(visited[steps])
        loss, mse = outer_loss(field, latent, query, values, labels)
        (share * loss).backward()
        for step in reversed(range(steps)):
            later, latent = latent, _leaf(visited[step])
            at_zero = start is None and step == 0
            gradient = gradient_of(field, latent, query, values, at_zero)
            reached = descend(field, latent, gradient, step)
            torch.autograd.backward(list(reached.values()), [later[name].grad for name in reached])
        return MetaStep(share * loss.detach(), mse)

    return part


def _first_order(field: NeuralField, steps: int, gradient_of: InnerGradient) -> Part:
    def constant(*arguments: object) -> Latent:
        with torch.no_grad():
            return gradient_of(*arguments)  # type: ignore[arg-type]

    def part(
        query: Query, values: Tensor, start: Latent | None, labels: Tensor | None, share: float
    ) -> MetaStep:
        latent = unroll(field, query, values, steps, start, constant)[-1]
        loss, mse = outer_loss(field, latent, query, values, labels)
        (share * loss).backward()
        return MetaStep(share * loss.detach(), mse)

    return part


def _leaf(latent: Latent) -> Latent:
    return {name: tensor.detach().requires_grad_() for name, tensor in latent.items()}
