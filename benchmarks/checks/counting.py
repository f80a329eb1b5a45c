"""Costs: what a field states in closed form is what is counted."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.checks.property import Property, require
from benchmarks.checks.subject import Subject
from benchmarks.metrics.cost import count_macs
from lift.field import Latent
from lift.meta.inner import descend, squared_error

ENCODING_STEPS = 3
"""Inner steps that `Cost.encode_macs` counts."""


def parameters(subject: Subject) -> str:
    """Learnable parameters, those that are inner rates stated apart."""
    field = subject.field()
    cost = field.cost()
    counted = sum(parameter.numel() for parameter in field.parameters())
    return _equal(cost.parameters + cost.rate_parameters, counted)


def latent_floats(subject: Subject) -> str:
    """Floats of a signal's latent."""
    field = subject.field()
    counted = sum(tensor.numel() for tensor in field.zero_latent(1).values())
    return _equal(field.cost().latent_floats, counted)


def macs(subject: Subject) -> str:
    """Multiply-adds of one forward, as fvcore and PyTorch count them."""
    field = subject.field()
    cost, count = field.cost(), count_macs(field)
    stated = cost.macs + cost.mixing_macs
    if count.uncounted and stated > count.most:
        return f"{stated} stated, {count.most} counted; {count.remark}"
    return "; ".join(filter(None, (_equal(stated, count.most), count.remark)))


def encode_macs(subject: Subject) -> str:
    """Multiply-adds of an encoding with three inner steps, as PyTorch counts them."""
    field = subject.field().requires_grad_(False)
    stated, uncounted = field.cost().encode_macs, count_macs(subject.field()).uncounted
    query, values = field.locate(field.domain.grid()), subject.signals(1)
    latent = field.zero_latent(1)

    def error(latent: Latent) -> Tensor:
        latent = {name: z * 1 for name, z in latent.items()}  # the counter refuses leaves
        return squared_error(field, latent, query, values).sum()

    with FlopCounterMode(display=False) as counter:
        for step in range(ENCODING_STEPS):
            latent = descend(field, latent, torch.func.grad(error)(latent), step)
    counted = counter.get_total_flops() // 2
    if uncounted and stated > counted:
        return f"{stated} stated, {counted} counted; not counted: {', '.join(sorted(uncounted))}"
    return _equal(stated, counted)


def _equal(stated: int, counted: int) -> str:
    require(stated == counted, f"{stated} stated, {counted} counted")
    return f"{counted}"


OF_COST = (
    Property("cost: parameters", parameters, ("builds",)),
    Property("cost: latent floats", latent_floats, ("zero latent",)),
    Property("cost: multiply-adds", macs, ("values",)),
    Property("cost: encoding", encode_macs, ("float64", "cost: multiply-adds")),
)
