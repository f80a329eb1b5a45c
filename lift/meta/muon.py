"""Muon for stacks of matrices: momentum whose direction is orthogonalised, matrix by matrix.

Jordan et al. 2024; `torch.optim.Muon` takes single matrices only, and gives the same numbers.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from lift.precision import multiplies_bfloat16

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of the quintic Newton-Schulz step, steepest at zero; singular values end within 0.7 and 1.2."""
NEWTON_SCHULZ_STEPS = 5
EPSILON = 1e-7


def orthogonalised(matrices: Tensor) -> Tensor:
    """Nearly the orthogonal factor of every matrix ``(..., m, n)``.

    In bfloat16 products where the device has them: emulated, they take twenty times float32's time.
    """
    tall = matrices.shape[-2] > matrices.shape[-1]
    short = torch.bfloat16 if multiplies_bfloat16(matrices.device) else matrices.dtype
    x = matrices.to(short).reshape(-1, *matrices.shape[-2:])
    x = x.mT if tall else x
    # As torch's, each matrix is divided by its norm in the products' precision.
    x = x / x.flatten(1).norm(dim=1).clamp(min=EPSILON).view(-1, 1, 1)
    a, b, c = COEFFICIENTS
    for _ in range(NEWTON_SCHULZ_STEPS):
        gram = torch.bmm(x, x.mT)
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return (x.mT if tall else x).reshape(matrices.shape)


class Muon(torch.optim.Optimizer):
    """Steps of one size, whatever the gradient's: ``W <- W - lr orthogonalised(momentum)``.

    Args:
        parameters: each a matrix ``(m, n)`` or a stack of them ``(..., m, n)``.
        lr: length of a step in every singular direction.
        momentum: Nesterov's.
    """

    def __init__(
        self, parameters: Iterable[nn.Parameter], lr: float, momentum: float = 0.95
    ) -> None:
        super().__init__(parameters, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """One step on every parameter that has a gradient."""
        for group in self.param_groups:
            momentum = group["momentum"]
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                if not state:
                    state["momentum_buffer"] = torch.zeros_like(parameter)
                average = state["momentum_buffer"].lerp_(parameter.grad, 1 - momentum)
                direction = parameter.grad.lerp(average, momentum)
                parameter.sub_(group["lr"] * orthogonalised(direction).to(parameter.dtype))
