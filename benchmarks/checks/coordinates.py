"""Values: a field is a function of one latent and one place, wherever and in whatever order."""

from __future__ import annotations

import torch
from torch import Tensor

from benchmarks.checks.property import Property, finite, require, same
from benchmarks.checks.subject import POINTS, Subject, generator
from lift.field import Latent, NeuralField


def in_float64(subject: Subject) -> str:
    """The field moves to double precision, with the same values but for rounding."""
    single, double = subject.field(), subject.field(torch.float64)
    latent = subject.latent(double, 2)
    for name, zero in double.zero_latent(1).items():
        require(zero.dtype == torch.float64, f"zero latent {name}: {zero.dtype}")
    for name, rate in double.inner_rates(0).items():
        require(rate.dtype == torch.float64, f"inner rate {name}: {rate.dtype}")
    found = double(latent, subject.places())
    require(found.dtype == torch.float64, f"values: {found.dtype}, expected torch.float64")
    narrow = {name: tensor.float() for name, tensor in latent.items()}
    # Coordinates that float32 holds exactly, so that both see the same places.
    coords = subject.places(torch.float32)
    return same(single(narrow, coords), double(latent, coords.double()), 1e-3)


def rendering(subject: Subject) -> str:
    """Rendering is evaluating the grid, row by row."""
    field, latent = _started(subject)
    size = [field.domain.resolution] * field.domain.dimensions
    rendered = field.render(latent)
    expected = (2, *size, field.domain.channels)
    require(tuple(rendered.shape) == expected, f"{tuple(rendered.shape)}, expected {expected}")
    return same(rendered.flatten(1, -2), field(latent, _grid(field)), 1e-9)


def order(subject: Subject) -> str:
    """Points may come in any order."""
    field, latent = _started(subject)
    coords = subject.places()
    turned = torch.randperm(coords.shape[1], generator=generator(4))
    return same(field(latent, coords[:, turned]), field(latent, coords)[:, turned], 1e-9)


def alone(subject: Subject) -> str:
    """A point's value does not depend on the other points."""
    field, latent = _started(subject)
    coords = subject.places()
    picked = [0, POINTS // 2]
    return same(field(latent, coords[:, picked]), field(latent, coords)[:, picked], 1e-9)


def own_points(subject: Subject) -> str:
    """Points of each signal's own give what points that all share give."""
    field, latent = _started(subject)
    coords = subject.places()
    turned = torch.randperm(coords.shape[1], generator=generator(4))
    own = torch.cat([coords, coords[:, turned]])
    shared = field(latent, coords)
    return same(field(latent, own), torch.stack([shared[0], shared[1][turned]]), 1e-9)


def resolutions(subject: Subject) -> str:
    """At three times the resolution, every third pixel centre is one of the first grid's."""
    field, latent = _started(subject)
    size = field.domain.resolution
    fine = field.render(latent, 3 * size)
    expected = (2, *[3 * size] * field.domain.dimensions, field.domain.channels)
    require(tuple(fine.shape) == expected, f"{tuple(fine.shape)}, expected {expected}")
    for axis in range(1, fine.ndim - 1):
        fine = fine.index_select(axis, torch.arange(1, 3 * size, 3))
    return same(fine.flatten(1, -2), field(latent, _grid(field)), 1e-4)


def border(subject: Subject) -> str:
    """The unit cube's corners have finite values."""
    field, latent = _started(subject)
    ends = torch.tensor([0.0, 1.0], dtype=torch.float64)
    corners = torch.cartesian_prod(*[ends] * field.domain.dimensions)
    found = field(latent, corners.reshape(1, -1, field.domain.dimensions))
    finite({"values": found})
    return f"from {found.min():.3g} to {found.max():.3g}"


def signals_apart(subject: Subject) -> str:
    """A signal's values do not depend on the other latents of the batch."""
    field, latent = _started(subject)
    coords = subject.places()
    first = {name: tensor[:1] for name, tensor in latent.items()}
    return same(field(first, coords), field(latent, coords)[:1], 1e-9)


def _started(subject: Subject) -> tuple[NeuralField, Latent]:
    field = subject.field(torch.float64).requires_grad_(False)
    return field, subject.latent(field, 2)


def _grid(field: NeuralField) -> Tensor:
    return field.domain.grid().double()


OF_VALUES = (
    Property("float64", in_float64, ("deterministic", "no trace of evaluations")),
    Property("signals apart", signals_apart, ("float64",)),
    Property("points in any order", order, ("float64",)),
    Property("points apart", alone, ("points in any order",)),
    Property("points of each signal", own_points, ("points in any order",)),
    Property("rendering is evaluating", rendering, ("float64",)),
    Property("any resolution", resolutions, ("rendering is evaluating", "points apart")),
    Property("the border", border, ("float64",)),
)
