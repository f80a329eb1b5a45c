"""The selective scan: every implementation equals the recurrence as it stands, gradients too."""

import math

import pytest
import torch

from lift.vmamba import scan
from lift.vmamba.scan import choose_backend, looped, selective_scan, sequential


def inputs(length=21, groups=4, channels=3, states=2, batch=2, seed=0):
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape):
        values = torch.randn(*shape, generator=generator, dtype=torch.float64)
        return values.requires_grad_()

    rows = groups * channels
    return {
        "u": draw(batch, rows, length),
        "delta": draw(batch, rows, length),
        "A": (-draw(rows, states).detach().exp()).requires_grad_(),
        "B": draw(batch, groups, states, length),
        "C": draw(batch, groups, states, length),
        "D": draw(rows),
        "delta_bias": draw(rows),
    }


def by_hand(u, delta, A, B, C, D, delta_bias):
    """Scalar by scalar, from the equation in the module's docstring."""
    batch, rows, length = u.shape
    per_group = rows // B.shape[1]
    y = torch.zeros_like(u)
    for b in range(batch):
        for r in range(rows):
            g, h = r // per_group, [0.0] * A.shape[1]
            for t in range(length):
                step = math.log1p(math.exp(delta[b, r, t] + delta_bias[r]))
                for n in range(A.shape[1]):
                    h[n] = math.exp(step * A[r, n]) * h[n] + step * B[b, g, n, t] * u[b, r, t]
                    y[b, r, t] += C[b, g, n, t] * h[n]
                y[b, r, t] += D[r] * u[b, r, t]
    return y


def test_the_sequential_scan_is_the_equation():
    given = {name: tensor.detach() for name, tensor in inputs(length=5).items()}
    expected = by_hand(**given)
    assert torch.allclose(selective_scan(**given, backend="sequential"), expected, atol=1e-12)


@pytest.mark.parametrize("length", [1, 7, 8, 21, 64])
def test_the_loop_equals_the_sequential_scan_with_gradients(length):
    given = inputs(length)
    weights = torch.randn(given["u"].shape, dtype=torch.float64)
    outcomes = []
    for chosen in ("sequential", "loop"):
        y = selective_scan(**given, backend=chosen)
        gradients = torch.autograd.grad((y * weights).sum(), list(given.values()))
        outcomes.append([y, *gradients])
    for one, other in zip(*outcomes, strict=True):
        assert torch.allclose(one, other, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("backend", ["loop", "sequential"])
def test_gradients_are_those_of_finite_differences(backend):
    given = inputs(length=10, groups=2, channels=2, states=1, batch=1)
    names = list(given)

    def run(*values):
        return selective_scan(**dict(zip(names, values, strict=True)), backend=backend)

    assert torch.autograd.gradcheck(run, tuple(given.values()))


def test_decays_that_underflow_forget_the_past():
    decay = torch.full((40, 3), 1e-30)
    decay[::5] = 0.0
    drive = torch.randn(40, 3, generator=torch.Generator().manual_seed(0))
    states = looped(decay, drive)
    assert states.isfinite().all()
    assert torch.equal(states, sequential(decay, drive))


def test_a_constant_decay_is_a_geometric_sum():
    states = looped(torch.full((30, 1), 0.5), torch.ones(30, 1))
    expected = 2 - 0.5 ** torch.arange(30.0)
    assert torch.allclose(states[:, 0], expected)


def test_optional_terms_are_left_out():
    given = inputs(length=6)
    plain = {name: given[name] for name in ["u", "delta", "A", "B", "C"]}
    nothing = torch.zeros_like(given["D"])
    for softplus in (True, False):
        bare = selective_scan(**plain, delta_softplus=softplus)
        zeros = selective_scan(
            **plain, D=nothing, delta_bias=nothing, delta_softplus=softplus, backend="sequential"
        )
        assert torch.allclose(bare, zeros, atol=1e-12)


def test_the_cpu_never_takes_the_cuda_kernel(monkeypatch):
    monkeypatch.setattr(scan.importlib.util, "find_spec", lambda name: object())
    assert choose_backend(torch.device("cpu")) == "loop"
    assert choose_backend(torch.device("cuda")) == "mamba_ssm"
    monkeypatch.setattr(scan.importlib.util, "find_spec", lambda name: None)
    assert choose_backend(torch.device("cuda")) == "loop"


def test_wrong_shapes_and_backends_are_one_clear_error():
    given = inputs(length=6)
    with pytest.raises(ValueError, match=r"B \(2, 4, 2, 5\).*expected u and delta"):
        selective_scan(**{**given, "B": given["B"][..., :5]})
    with pytest.raises(ValueError, match="scan backend: 'numpy', expected auto"):
        selective_scan(**given, backend="numpy")
