"""The meta-steps that checks compare."""

from __future__ import annotations

from torch import Tensor

from lift.field import Latent, NeuralField, Query
from lift.meta.outer import OuterGradient, meta_step


def outer_gradient(
    field: NeuralField,
    query: Query,
    values: Tensor,
    steps: int,
    *,
    gradient: OuterGradient = "unrolled",
    start: Latent | None = None,
    micro_batch: int | None = None,
) -> tuple[float, dict[str, Tensor]]:
    """The outer loss, and its gradient by the names of the parameters; none is left out.

    A parameter that the loss does not reach has zeros.
    """
    field.zero_grad()
    take = meta_step(field, steps, gradient, micro_batch=micro_batch)
    result = take(query, values, start)
    gradients = {
        name: parameter.new_zeros(parameter.shape) if parameter.grad is None else parameter.grad
        for name, parameter in field.named_parameters()
    }
    return float(result.loss), gradients
