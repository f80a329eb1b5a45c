"""Muon for stacks of matrices: momentum whose direction is orthogonalised, matrix by matrix.

Jordan et al. 2024; `torch.optim.Muon` takes single matrices only, and gives the same numbers.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from lift.precision import multiplies_bfloat16

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of the quintic Newton-Schulz step, steepest at zero; singular values end within 0.7 and 1.2."""
NEWTON_SCHULZ_STEPS = 5
EPSILON = 1e-7


def orthogonalised(matrices: Tensor, *, of_field: bool = True) -> Tensor:
    """Nearly the orthogonal factor of every matrix ``(..., m, n)``, of complex ones the unitary.

    In bfloat16 products where the device has them: emulated, they take twenty times float32's time.

    Args:
        of_field: as `lift.precision.multiplies_bfloat16`.
    """
    if matrices.is_complex():
        return _complex(orthogonalised(_real(matrices), of_field=of_field))
    tall = matrices.shape[-2] > matrices.shape[-1]
    has_products = multiplies_bfloat16(matrices.device, of_field=of_field)
    short = torch.bfloat16 if has_products else matrices.dtype
    x = matrices.to(short).reshape(-1, *matrices.shape[-2:])
    x = x.mT if tall else x
    # As torch's, each matrix is divided by its norm in the products' precision.
    x = x / x.flatten(1).norm(dim=1).clamp(min=EPSILON).view(-1, 1, 1)
    a, b, c = COEFFICIENTS
    for _ in range(NEWTON_SCHULZ_STEPS):
        gram = torch.bmm(x, x.mT)
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return (x.mT if tall else x).reshape(matrices.shape)


def _real(matrices: Tensor) -> Tensor:
    """``[[R, -I], [I, R]]`` of ``R + iI``: sums and products are those of the complex ones."""
    real, imaginary = matrices.real, matrices.imag
    above = torch.cat((real, -imaginary), dim=-1)
    return torch.cat((above, torch.cat((imaginary, real), dim=-1)), dim=-2)


def _complex(matrices: Tensor) -> Tensor:
    """What `_real` was made of."""
    left = matrices.chunk(2, dim=-1)[0].float()
    return torch.complex(*(half.contiguous() for half in left.chunk(2, dim=-2)))


class Muon(torch.optim.Optimizer):
    """Steps of one size, whatever the gradient's: ``W <- W - lr orthogonalised(momentum)``.

    Args:
        parameters: each a matrix ``(m, n)`` or a stack of them ``(..., m, n)``; or groups of them,
            a group with ``kernels`` of convolutions' weights ``(m, ...)``, each one matrix.
        lr: length of a step in every singular direction.
        momentum: Nesterov's.
        weight_decay: ``lr`` times that share of a weight is taken off in every step, as AdamW's.
        of_field: as `lift.precision.multiplies_bfloat16`.
    """

    def __init__(
        self,
        parameters: Iterable[nn.Parameter] | Iterable[dict[str, Any]],
        lr: float,
        momentum: float = 0.95,
        *,
        weight_decay: float = 0.0,
        of_field: bool = True,
    ) -> None:
        settings = {"lr": lr, "momentum": momentum, "weight_decay": weight_decay, "kernels": False}
        super().__init__(parameters, settings)
        self.of_field = of_field

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
                matrix = direction.flatten(1) if group["kernels"] else direction
                step = orthogonalised(matrix, of_field=self.of_field).to(parameter.dtype)
                if group["weight_decay"]:
                    parameter.mul_(1 - group["lr"] * group["weight_decay"])
                parameter.sub_(group["lr"] * step.reshape(parameter.shape))
