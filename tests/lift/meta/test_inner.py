"""The inner loop and its outer gradient."""

import pytest
import torch

from lift import Domain, adapt
from lift.meta.inner import inner_gradient, squared_error
from lift.meta.outer import meta_step, outer_loss
from tests.lift.fields import small_lift


def signals(field, batch, seed=2):
    generator = torch.Generator().manual_seed(seed)
    shape = (batch, field.domain.points, field.domain.channels)
    return torch.rand(shape, generator=generator)


def outer_gradient(field, values, way, steps=3):
    field.zero_grad()
    query = field.locate(field.domain.grid())
    start = field.zero_latent(len(values))
    result = meta_step(field, steps, way)(query, values, start)
    return result, {name: p.grad.clone() for name, p in field.named_parameters()}


def unrolled_with_autograd(field, values, steps=3):
    """The textbook form: torch.autograd.grad with create_graph, nothing of lift.meta."""
    field.zero_grad()
    coords = field.domain.grid()
    latent = {name: z.requires_grad_() for name, z in field.zero_latent(len(values)).items()}
    for _ in range(steps):
        error = (field(latent, coords) - values).square().mean((1, 2)).sum()
        error = error + field.penalty(latent).sum()
        gradients = torch.autograd.grad(error, list(latent.values()), create_graph=True)
        latent = {
            name: z - field.inner_rates(0)[name] * g
            for (name, z), g in zip(latent.items(), gradients, strict=True)
        }
    error = (field(latent, coords) - values).square().mean((1, 2)) + field.penalty(latent)
    error.mean().backward()
    return error.mean(), {name: p.grad.clone() for name, p in field.named_parameters()}


@pytest.mark.parametrize("way", ["unrolled", "replayed"])
@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_outer_gradient_is_that_of_the_unrolled_loop(float64, way, dimensions):
    field = small_lift(Domain(dimensions, 8, 1))
    values = signals(field, 3)
    loss, expected = unrolled_with_autograd(field, values)
    result, gradient = outer_gradient(field, values, way)
    assert result.loss.item() == pytest.approx(loss.item(), rel=1e-12)
    for name, value in expected.items():
        assert torch.allclose(gradient[name], value, rtol=1e-10, atol=1e-14), name


@pytest.mark.parametrize("way", ["unrolled", "replayed", "first-order"])
@pytest.mark.parametrize("shared", [True, False])
def test_micro_batches_of_signals_give_the_whole_batchs_gradient(float64, way, shared):
    field = small_lift(Domain(2, 8, 1))
    values, coords = signals(field, 3), field.domain.grid()
    if not shared:  # every signal at its own points
        coords = torch.stack([coords[0, torch.randperm(field.domain.points)] for _ in range(3)])
    query, found = field.locate(coords), []
    for micro_batch in (None, 2):  # the second micro_batch holds one signal
        field.zero_grad()
        result = meta_step(field, 2, way, micro_batch=micro_batch)(query, values, None)
        found.append((result, [p.grad.clone() for p in field.parameters()]))
    (whole, gradients), (parts, sums) = found
    torch.testing.assert_close(parts, whole, rtol=1e-12, atol=0)
    for gradient, summed in zip(gradients, sums, strict=True):
        assert (gradient - summed).abs().max() <= 1e-10 * gradient.abs().max().clamp_min(1e-3)


@pytest.mark.parametrize("way", ["unrolled", "replayed", "first-order"])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"relu": False},
        {"gamma": 2.0, "residual": True},
        {"fused_channels": 16, "attention_layers": 1, "open_start": True},
    ],
)
@pytest.mark.parametrize("points", [64, 40])
def test_a_shared_first_step_is_everybodys(float64, way, changes, points):
    field = small_lift(**changes)
    for parameter in field.generator.attention.parameters():
        torch.nn.init.normal_(parameter, std=0.1)  # its start would be nothing
    picked = torch.randperm(64)[:points]  # of some points, regions hold different numbers
    query = field.locate(field.domain.grid()[:, picked])
    values, found = signals(field, 5)[:, picked], []
    for start in (field.zero_latent(5), None):
        field.zero_grad()
        result = meta_step(field, 3, way)(query, values, start)
        found.append((result, [p.grad.clone() for p in field.parameters()]))
    torch.testing.assert_close(found[1][0], found[0][0], rtol=1e-12, atol=0)
    for own, shared in zip(found[0][1], found[1][1], strict=True):
        assert (own - shared).abs().max() <= 1e-10 * own.abs().max().clamp_min(1e-3)


def test_every_signals_first_step_is_the_shared_one(float64):
    field = small_lift(Domain(3, 8, 1))
    query, values = field.locate(field.domain.grid()), signals(field, 4)
    shared = field.first_gradient(query, values)
    own = inner_gradient(field, field.zero_latent(4), query, values, at_zero=False)
    for name in own:
        assert torch.allclose(shared[name], own[name], rtol=1e-10, atol=1e-15), name


def test_outer_gradient_agrees_with_finite_differences(float64):
    field = small_lift(relu=False)
    values = signals(field, 2)
    _, gradient = outer_gradient(field, values, "replayed")
    weight = field.local_mlps.weights[1]
    direction = torch.randn(weight.shape, generator=torch.Generator().manual_seed(3))
    losses = []
    for step in (1e-6, -1e-6):
        with torch.no_grad():
            weight += step * direction
        query = field.locate(field.domain.grid())
        losses.append(outer_loss(field, adapt(field, query, values, 3), query, values)[0].item())
        with torch.no_grad():
            weight -= step * direction
    slope = (losses[0] - losses[1]) / 2e-6
    assert (gradient["local_mlps.weights.1"] * direction).sum().item() == pytest.approx(
        slope, rel=1e-6
    )


def test_first_order_drops_a_term_that_matters(float64):
    field = small_lift(inner_rates={"start": 10.0})
    values = signals(field, 3)
    exact, first = (
        outer_gradient(field, values, "unrolled"),
        outer_gradient(field, values, "first-order"),
    )
    assert exact[0].loss.item() == pytest.approx(first[0].loss.item(), rel=1e-12)
    difference = sum((exact[1][n] - first[1][n]).norm() ** 2 for n in exact[1]) ** 0.5
    assert difference > 1e-2 * sum(g.norm() ** 2 for g in exact[1].values()) ** 0.5


def test_a_latent_does_not_depend_on_its_batch(float64):
    field = small_lift()
    query, values = field.locate(field.domain.grid()), signals(field, 5)
    together = adapt(field, query, values, 3)
    alone = adapt(field, query, values[2:3], 3)
    for name in together:
        assert torch.allclose(together[name][2:3], alone[name], atol=1e-13)


def test_inner_steps_lower_the_error(float64):
    field = small_lift(smoothness_weight=0.0)
    query, values = field.locate(field.domain.grid()), signals(field, 4)
    errors = [
        squared_error(field, adapt(field, query, values, steps), query, values).mean().item()
        for steps in range(4)
    ]
    assert errors == sorted(errors, reverse=True)
    assert errors[3] < errors[0]


def test_encoding_leaves_no_gradients():
    field = small_lift()
    query, values = field.locate(field.domain.grid()), signals(field, 2)
    latent = adapt(field, query, values, 3)
    assert not any(z.requires_grad for z in latent.values())
    assert all(p.grad is None for p in field.parameters())


@pytest.mark.parametrize("way", ["unrolled", "replayed"])
def test_a_compiled_step_is_the_plain_one(float64, way):
    # Seconds to compile, not minutes.
    field = small_lift(Domain(1, 8, 1), sine_layers=1, smoothness_weight=0.0)
    query, values = field.locate(field.domain.grid()), signals(field, 3)
    gradients = []
    for compiled in (False, True):
        field.zero_grad()
        meta_step(field, 2, way, compile=compiled)(query, values, None)
        gradients.append([p.grad.clone() for p in field.parameters()])
    for plain, fast in zip(*gradients, strict=True):
        assert torch.allclose(plain, fast, rtol=1e-10, atol=1e-14)
