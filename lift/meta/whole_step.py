"""A whole meta-step as one pure function of the weights and a batch, which torch.compile fuses.

The numbers are those of autograd's unrolled step, but for rounding. Inner gradients and the outer
one are torch.func's, so that a compiler sees every operation of the step at once.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from lift.field import Latent, NeuralField, Query
from lift.meta.inner_loop import MetaStep, descend, latent_gradient, outer_losses

TakeStep = Callable[[Query, Tensor, Latent | None], MetaStep]
"""Takes one meta-step on (query, values, start) and adds its gradient to the field's parameters."""


class Unrolled(nn.Module):
    """The outer loss after ``steps`` inner steps, as a module, whose weights can be swapped."""

    def __init__(self, field: NeuralField, steps: int) -> None:
        super().__init__()
        self.field, self.steps = field, steps

    def forward(self, query: Query, values: Tensor, start: Latent | None) -> tuple[Tensor, Tensor]:
        """Loss, a scalar, and each signal's error, ``(B,)``."""
        field, steps = self.field, self.steps
        latent = field.zero_latent(len(values)) if start is None else start
        shared = field.first_gradient(query, values) if start is None and steps else None
        if shared is not None:
            latent, steps = descend(field, latent, shared), steps - 1
        for _ in range(steps):
            latent = descend(field, latent, latent_gradient(field, latent, query, values))
        loss, mse = outer_losses(field, latent, query, values)
        return loss, mse


def whole_step(field: NeuralField, steps: int, *, compiled: bool = True) -> TakeStep:
    """A meta-step on one field with a fixed number of inner steps, exact and unrolled."""
    unrolled = Unrolled(field, steps)

    def outer_gradient(
        weights: dict[str, Tensor], query: Query, values: Tensor, start: Latent | None
    ) -> tuple[dict[str, Tensor], tuple[Tensor, Tensor]]:
        def loss(weights: dict[str, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
            result = torch.func.functional_call(unrolled, weights, (query, values, start))
            return result[0], result

        return torch.func.grad(loss, has_aux=True)(weights)

    gradient_of = torch.compile(outer_gradient, dynamic=False) if compiled else outer_gradient

    def take(query: Query, values: Tensor, start: Latent | None) -> MetaStep:
        parameters = dict(unrolled.named_parameters())
        weights = {name: parameter.detach() for name, parameter in parameters.items()}
        gradients, (loss, mse) = gradient_of(weights, query, values, start)
        for name, parameter in parameters.items():
            # A compiler may return one tensor for equal gradients, and clipping writes in place.
            gradient, earlier = gradients[name].clone(), parameter.grad
            parameter.grad = gradient if earlier is None else earlier + gradient
        return MetaStep(loss, mse)

    return take
