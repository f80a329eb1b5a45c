"""Gradients: what autograd gives is what the numbers do, in whichever way it is taken."""

from __future__ import annotations

import torch
from torch import Tensor

from benchmarks.checks.meta import OuterGradient, outer_gradient
from benchmarks.checks.property import Property, difference, finite, require, same
from benchmarks.checks.subject import Subject, generator
from lift.field import Latent, NeuralField
from lift.meta.inner import inner_gradient, squared_error

EPSILON = 1e-6
"""Half the step of central differences, in float64."""


def inner(subject: Subject) -> str:
    """The inner gradient is the slope of the inner loss."""
    field = subject.field(torch.float64).requires_grad_(False)
    query, values = subject.some(field, 2)
    latent = subject.latent(field, 2)
    penalty = field.penalty(latent)
    require(tuple(penalty.shape) == (2,), f"penalty: {tuple(penalty.shape)}, expected (2,)")
    gradient = inner_gradient(field, latent, query, values, at_zero=False)
    direction = _direction(gradient)

    def loss(step: float) -> Tensor:
        moved = {name: z + step * direction[name] for name, z in latent.items()}
        return (squared_error(field, moved, query, values) + field.penalty(moved)).sum()

    slope = sum((gradient[name] * direction[name]).sum() for name in latent)
    assert isinstance(slope, Tensor)
    return same(slope, (loss(EPSILON) - loss(-EPSILON)) / (2 * EPSILON), 1e-5)


def outer_is_finite(subject: Subject) -> str:
    """In single precision, on the whole grid."""
    field = subject.field()
    query, values = field.locate(field.domain.grid()), subject.signals(2)
    _, gradients = outer_gradient(field, query, values, subject.inner_steps)
    finite(gradients)
    return f"norm {_norm(gradients):.3g}"


def every_parameter(subject: Subject) -> str:
    """The outer gradient reaches every parameter, from the zero latent."""
    field = subject.field(torch.float64)
    query, values = field.locate(field.domain.grid().double()), subject.signals(2, torch.float64)
    _, gradients = outer_gradient(field, query, values, subject.inner_steps)
    unreached = [name for name, gradient in gradients.items() if not gradient.any()]
    require(not unreached, f"no gradient in {', '.join(unreached)}")
    zeros = sum(int((gradient == 0).sum()) for gradient in gradients.values())
    dead = zeros / sum(gradient.numel() for gradient in gradients.values())
    remark = f"dead: {dead:.1%} of all entries, allowed {subject.dead:.0%}{subject.excuse}"
    require(dead <= subject.dead, remark)
    return remark


def outer(subject: Subject) -> str:
    """The outer gradient is the slope of the outer loss, through all inner steps."""
    field, (_, gradients) = _taken(subject)
    weights = {name: p.detach().clone() for name, p in field.named_parameters()}
    direction = _direction(gradients)

    def loss(step: float) -> float:
        moved = {name: weight + step * direction[name] for name, weight in weights.items()}
        field.load_state_dict(moved, strict=False)
        query, values = subject.some(field, 2)
        return outer_gradient(field, query, values, subject.inner_steps)[0]

    gradients = {name: gradient.clone() for name, gradient in gradients.items()}
    slope = sum((gradients[name] * direction[name]).sum() for name in weights)
    assert isinstance(slope, Tensor)
    found = (loss(EPSILON) - loss(-EPSILON)) / (2 * EPSILON)
    return same(slope, torch.tensor(found), 1e-4)


def replayed(subject: Subject) -> str:
    """Unrolled and replayed outer gradients are one."""
    _, unrolled = _taken(subject)
    _, again = _taken(subject, gradient="replayed")
    return _alike(again, unrolled)


def micro_batches(subject: Subject) -> str:
    """Parts of a batch add up to the whole one's gradient."""
    _, whole = _taken(subject, count=3)
    _, parts = _taken(subject, count=3, micro_batch=2)
    return _alike(parts, whole)


def swapped(subject: Subject) -> str:
    """Weights can be given from outside (torch.func.functional_call)."""
    field, other = subject.field(torch.float64), subject.field(torch.float64, seed=1)
    latent, coords = subject.latent(field, 2), subject.places()
    weights = {name: p.detach() for name, p in other.named_parameters()}
    weights |= dict(other.named_buffers())
    found = torch.func.functional_call(field, weights, (latent, coords))
    return same(found, other(latent, coords), 1e-12)


def graph(subject: Subject) -> str:
    """PyTorch's compiler sees the inner gradient as one graph."""
    field = subject.field(torch.float64)
    query, values = subject.some(field, 2)
    latent = subject.latent(field, 2)
    torch.compiler.reset()
    compiled = torch.compile(inner_gradient, backend="eager", fullgraph=True, dynamic=False)
    found = compiled(field, latent, query, values, at_zero=False)
    return same(found, inner_gradient(field, latent, query, values, at_zero=False), 1e-9)


def _taken(
    subject: Subject,
    count: int = 2,
    gradient: OuterGradient = "unrolled",
    micro_batch: int | None = None,
) -> tuple[NeuralField, tuple[float, dict[str, Tensor]]]:
    field = subject.field(torch.float64)
    query, values = subject.some(field, count)
    return field, outer_gradient(
        field, query, values, subject.inner_steps, gradient=gradient, micro_batch=micro_batch
    )


def _alike(found: tuple[float, Latent], expected: tuple[float, Latent]) -> str:
    """Compares losses and gradients, each parameter's by the largest of all gradients."""
    largest = max(float(gradient.abs().max()) for gradient in expected[1].values())
    apart = max(
        float((found[1][name] - gradient).abs().max()) / max(largest, 1e-12)
        for name, gradient in expected[1].items()
    )
    remark = f"largest difference {apart:.1e}, allowed 1e-10"
    require(apart <= 1e-10, remark)
    require(difference(torch.tensor(found[0]), torch.tensor(expected[0])) <= 1e-10, "losses differ")
    return remark


def _direction(gradients: dict[str, Tensor]) -> dict[str, Tensor]:
    """A random direction of length 1 in which no part of a gradient takes back another's slope.

    What is left of a slope that cancels can be smaller than the rounding of a central difference.
    """
    source, drawn = generator(5), {}
    for name, gradient in gradients.items():
        size = torch.randn(gradient.shape, generator=source, dtype=torch.float64)
        drawn[name] = torch.where(gradient == 0, size, size.abs() * gradient.sign())
    length = _norm(drawn)
    return {name: tensor / length for name, tensor in drawn.items()}


def _norm(tensors: dict[str, Tensor]) -> float:
    return float(torch.cat([tensor.flatten() for tensor in tensors.values()]).norm())


OF_GRADIENTS = (
    Property("inner gradient", inner, ("float64",)),
    Property("finite outer gradient", outer_is_finite, ("float64",)),
    Property(
        "every parameter learns",
        every_parameter,
        ("finite outer gradient", "every coordinate moves"),
    ),
    Property(
        "outer gradient",
        outer,
        ("finite outer gradient", "inner gradient", "state without shared memory"),
    ),
    Property("replayed is unrolled", replayed, ("finite outer gradient",)),
    Property(
        "micro-batches add up",
        micro_batches,
        ("finite outer gradient", "independent of the order", "independent of the batch size"),
    ),
    Property("weights from outside", swapped, ("float64", "saved and loaded")),
    Property("one graph", graph, ("float64",)),
)
