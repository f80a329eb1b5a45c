"""Latents: what a field says about its own, and that each belongs to one signal."""

from __future__ import annotations

import torch
from torch import Tensor

from benchmarks.checks.property import Property, finite, require, same
from benchmarks.checks.subject import Subject
from lift.field import Domain, Latent, NeuralField, Query
from lift.meta.inner import adapt, inner_gradient

DEAD = 0.01
"""Largest share of latent coordinates without a gradient at the zero latent."""


def builds(subject: Subject) -> str:
    """The constructor makes a field."""
    field = subject.field()
    require(isinstance(field, NeuralField), f"{type(field).__name__} is no lift.NeuralField")
    require(isinstance(field.domain, Domain), "domain: expected a lift.Domain")
    return f"{sum(p.numel() for p in field.parameters())} parameters"


def zero_latent(subject: Subject) -> str:
    """Zeros, batch first, of the parameters' type and without a gradient."""
    field = subject.field()
    one, three = field.zero_latent(1), field.zero_latent(3)
    require(bool(one) and one.keys() == three.keys(), "no latents, or other names at a batch of 3")
    dtype = next(field.parameters()).dtype
    for name, tensor in three.items():
        require(
            len(tensor) == 3 and len(one[name]) == 1 and tensor.shape[1:] == one[name].shape[1:],
            f"{name}: {tuple(one[name].shape)} at a batch of 1, {tuple(tensor.shape)} at 3",
        )
        require(not tensor.any() and not tensor.requires_grad, f"{name}: not zero, or a gradient")
        require(tensor.dtype == dtype, f"{name}: {tensor.dtype}, the parameters have {dtype}")
    return f"{sum(tensor.numel() for tensor in one.values())} floats a signal"


def rates(subject: Subject) -> str:
    """A finite step size for every latent, that broadcasts to it."""
    field = subject.field()
    given = field.inner_rates(0)
    for name, zero in field.zero_latent(1).items():
        require(name in given, f"no rate for {name!r}")
        shape = tuple(given[name].shape)
        try:
            fits = torch.broadcast_shapes(shape, zero.shape[1:]) == zero.shape[1:]
        except RuntimeError:
            fits = False
        require(fits, f"{name}: rates {shape} do not broadcast to {tuple(zero.shape[1:])}")
    finite(dict(given))
    every = torch.cat([tensor.detach().flatten() for tensor in given.values()])
    return f"from {every.min():.3g} to {every.max():.3g}"


def values(subject: Subject) -> str:
    """A batch of finite values for every point, of the parameters' type."""
    field = subject.field()
    found = field(subject.latent(field, 2), field.domain.grid())
    expected = (2, field.domain.points, field.domain.channels)
    require(tuple(found.shape) == expected, f"shape {tuple(found.shape)}, expected {expected}")
    dtype = next(field.parameters()).dtype
    require(found.dtype == dtype, f"{found.dtype}, the parameters have {dtype}")
    finite({"values": found})
    return f"from {found.min():.3g} to {found.max():.3g} at a random latent"


def gradient_is_finite(subject: Subject) -> str:
    """At the zero latent and beside it, on the whole grid."""
    field = subject.field().requires_grad_(False)
    query, values = field.locate(field.domain.grid()), subject.signals(2)
    largest = 0.0
    for latent in (field.zero_latent(2), subject.latent(field, 2)):
        gradient = inner_gradient(field, latent, query, values, at_zero=False)
        finite(gradient)
        largest = max(largest, *(float(g.abs().max()) for g in gradient.values()))
    return f"largest {largest:.1e}"


def every_coordinate_moves(subject: Subject) -> str:
    """No latent coordinate is without a gradient at the zero latent: it could never be used."""
    field = subject.field().requires_grad_(False)
    query, values = field.locate(field.domain.grid()), subject.signals(4)
    gradient = inner_gradient(field, field.zero_latent(4), query, values, at_zero=False)
    still = {name: (of_signals == 0).all(0) for name, of_signals in gradient.items()}
    dead = sum(int(of_scale.sum()) for of_scale in still.values())
    total = sum(of_scale.numel() for of_scale in still.values())
    parts = ", ".join(f"{name} {of_scale.double().mean():.1%}" for name, of_scale in still.items())
    remark = f"{dead} of {total} dead at the zero latent ({parts}), allowed {DEAD:.0%}"
    require(dead <= DEAD * total, remark)
    return remark


def shared_gradient(subject: Subject) -> str:
    """The first gradient, which all signals share, is that of each."""
    field = subject.field(torch.float64)
    query, values = subject.some(field, 5)
    given = field.first_gradient(query, values)
    if given is None:
        return "has none"
    return same(
        given, inner_gradient(field, field.zero_latent(5), query, values, at_zero=False), 1e-9
    )


def neighbours(subject: Subject) -> str:
    """A signal's latent does not depend on what else is in its batch."""
    field, query, values = _encoded(subject)
    other = adapt(field, query, values[[0, 3, 4]], subject.inner_steps)
    return same(_first(other), _first(_adapted(subject, 3)), 1e-9)


def order(subject: Subject) -> str:
    """Nor on its place in the batch."""
    field, query, values = _encoded(subject)
    turned = adapt(field, query, values[[2, 0, 1]], subject.inner_steps)
    expected = {name: z[[2, 0, 1]] for name, z in _adapted(subject, 3).items()}
    return same(turned, expected, 1e-9)


def batch_size(subject: Subject) -> str:
    """Nor on how many signals are encoded at once."""
    field, query, values = _encoded(subject)
    alone = adapt(field, query, values[:1], subject.inner_steps)
    return same(alone, _first(_adapted(subject, 5)), 1e-9)


def _encoded(subject: Subject) -> tuple[NeuralField, Query, Tensor]:
    field = subject.field(torch.float64)
    return field, *subject.some(field, 5)


def _adapted(subject: Subject, count: int) -> Latent:
    field, query, values = _encoded(subject)
    return adapt(field, query, values[:count], subject.inner_steps)


def _first(latent: Latent) -> Latent:
    return {name: tensor[:1] for name, tensor in latent.items()}


OF_ONE_FIELD = (
    Property("builds", builds),
    Property("zero latent", zero_latent, ("builds",)),
    Property("inner rates", rates, ("zero latent",)),
    Property("values", values, ("zero latent",)),
    Property("finite inner gradient", gradient_is_finite, ("values", "inner rates")),
    Property("every coordinate moves", every_coordinate_moves, ("finite inner gradient",)),
)
OF_ENCODING = (
    Property("shared first gradient", shared_gradient, ("float64",)),
    Property("independent of neighbours", neighbours, ("signals apart", "shared first gradient")),
    Property("independent of the order", order, ("signals apart", "shared first gradient")),
    Property("independent of the batch size", batch_size, ("independent of neighbours",)),
)
