"""Learning: inner steps lower a signal's error, outer steps what inner steps leave."""

from __future__ import annotations

import torch
from torch import Tensor

from benchmarks.checks.meta import outer_gradient
from benchmarks.checks.property import Property, finite, require
from benchmarks.checks.subject import Subject
from lift.field import Latent, NeuralField, Query
from lift.meta.inner import adapt, squared_error

SIGNALS, POINTS, OUTER_STEPS = 4, 256, 20


def descends(subject: Subject) -> str:
    """Inner steps of a fresh field lower its error."""
    field = subject.field()
    query, values = field.locate(field.domain.grid()), subject.signals(SIGNALS)
    before = _error(field, field.zero_latent(SIGNALS), query, values)
    after = _error(field, adapt(field, query, values, subject.inner_steps), query, values)
    remark = f"MSE {before:.4f} before, {after:.4f} after {subject.inner_steps} inner steps"
    require(after < before, remark)
    return remark


def trains(subject: Subject) -> str:
    """Twenty outer steps on embedded signals stay finite and lower the loss."""
    field = subject.field()
    query, values = subject.some(field, SIGNALS, torch.float32, POINTS)
    optimizer = torch.optim.Adam(field.parameters(), lr=subject.rate)
    losses = []
    for _ in range(OUTER_STEPS):
        loss, gradients = outer_gradient(field, query, values, subject.inner_steps)
        finite({"loss": torch.tensor(loss), **gradients})
        torch.nn.utils.clip_grad_norm_(field.parameters(), 1.0)
        optimizer.step()
        losses.append(loss)
    losses.append(outer_gradient(field, query, values, subject.inner_steps)[0])
    remark = f"loss {losses[0]:.4f} before, {losses[-1]:.4f} after {OUTER_STEPS} steps"
    require(losses[-1] < losses[0], remark)
    return remark


def _error(field: NeuralField, latent: Latent, query: Query, values: Tensor) -> float:
    with torch.no_grad():
        return float(squared_error(field, latent, query, values).mean())


OF_LEARNING = (
    Property("inner steps lower the error", descends, ("shared first gradient",)),
    Property("training lowers the loss", trains, ("finite outer gradient",)),
)
