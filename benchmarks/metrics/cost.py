"""Multiply-adds of a field, counted by tracing a forward of it.

fvcore counts one multiply-add as one, and matrix products alone, which is the convention of the
papers' FLOPs. It reports what it does not know instead of counting it: an unknown operator outside
the list below is an error here, so that no product is silently free.
"""

from __future__ import annotations

import copy
import logging

import torch
from fvcore.nn import FlopCountAnalysis
from torch import Tensor, nn

from lift.field import NeuralField

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
NO_PRODUCTS = {
    f"aten::{name}"
    for name in (
        "add", "add_", "sub", "mul", "div", "neg", "sin", "cos", "relu", "sigmoid", "tanh", "clamp",
        "expand_as", "repeat_interleave", "index_select", "gather", "square", "mean", "sum", "rsub",
        "repeat", "floor", "movedim", "unflatten", "index", "clamp_min",
    )
}  # fmt: skip


class CostError(RuntimeError):
    """A field uses an operator whose cost is not known."""


class _OneForward(nn.Module):
    def __init__(self, field: NeuralField, device: str) -> None:
        super().__init__()
        query = field.locate(field.domain.grid())
        self.query = {name: tensor.to(device) for name, tensor in query.items()}
        self.field = copy.deepcopy(field).to(device)
        self.names = list(field.zero_latent(1))

    def forward(self, *latents: Tensor) -> Tensor:
        return self.field.evaluate(dict(zip(self.names, latents, strict=True)), self.query)


def count_macs(field: NeuralField) -> int:
    """Multiply-adds of one forward of the whole grid, from a latent, counted by fvcore.

    Raises:
        CostError: an operator that may hold products is unknown to the counter.
    """
    # On torch's meta device nothing is computed; its convolutions alone cannot be traced.
    convolves = any(isinstance(module, CONVOLUTIONS) for module in field.modules())
    device = "cpu" if convolves else "meta"
    latents = tuple(latent.to(device) for latent in field.zero_latent(1).values())
    logging.getLogger("fvcore").setLevel(logging.ERROR)
    with torch.no_grad():
        analysis = FlopCountAnalysis(_OneForward(field, device).eval(), latents)
        analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
        total = int(analysis.total())
    unknown = set(analysis.unsupported_ops()) - NO_PRODUCTS
    if unknown:
        raise CostError(f"{type(field).__name__}: cost of {', '.join(sorted(unknown))} is unknown")
    return total
