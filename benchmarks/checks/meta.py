"""The meta-steps that checks compare."""

from __future__ import annotations

from torch import Tensor

from lift.field import Latent, NeuralField, Query
from lift.meta.inner_loop import OuterGradient, accumulate_outer_gradient


def outer_gradient(
    field: NeuralField,
    query: Query,
    values: Tensor,
    steps: int,
    *,
    gradient: OuterGradient = "exact",
    start: Latent | None = None,
    micro_batch: int | None = None,
) -> tuple[float, dict[str, Tensor]]:
    """The outer loss, and its gradient by the names of the parameters; none is left out.

    A parameter that the loss does not reach has zeros.
    """
    field.zero_grad()
    result = accumulate_outer_gradient(
        field, query, values, start, steps, gradient, chunk=micro_batch
    )
    gradients = {
        name: parameter.new_zeros(parameter.shape) if parameter.grad is None else parameter.grad
        for name, parameter in field.named_parameters()
    }
    return float(result.loss), gradients
