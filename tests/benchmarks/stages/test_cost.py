"""Costs: what fvcore and PyTorch count is what the closed form says."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.metrics import cost
from benchmarks.metrics.cost import CostError, count_macs
from benchmarks.settings.files import load_methods
from benchmarks.stages.cost import run
from lift import Domain
from lift.meta.inner_loop import descend, squared_error
from tests.lift.fields import small_lift


def counted_while_encoding(field, steps=3):
    """Multiply-adds of a real encoding; PyTorch counts each as two."""
    field.requires_grad_(False)
    query = field.locate(field.domain.grid())
    values = torch.zeros(1, field.domain.points, field.domain.channels)
    latent = field.zero_latent(1)
    with FlopCounterMode(display=False) as counter:
        for _ in range(steps):
            # The counter refuses leaves as inputs of modules.
            latent = {name: z.detach().requires_grad_() * 1 for name, z in latent.items()}
            error = squared_error(field, latent, query, values).sum()
            gradient = torch.autograd.grad(error, list(latent.values()))
            latent = descend(field, latent, dict(zip(latent, gradient, strict=True)))
    return counter.get_total_flops() // 2


@pytest.mark.parametrize("dimensions", [1, 2, 3])
@pytest.mark.parametrize("sine_layers", [1, 3])
def test_lifts_closed_form_is_what_is_counted(dimensions, sine_layers):
    field = small_lift(Domain(dimensions, 8, 2), sine_layers=sine_layers, smoothness_weight=0.0)
    closed = field.cost()
    assert closed.macs == count_macs(field)
    assert closed.encode_macs == counted_while_encoding(field)


@pytest.mark.parametrize("method", load_methods())
def test_every_method_is_counted_at_its_published_size_for_cifar(method):
    counted = {metric.name: metric.value for metric in run(method, "cifar10")}
    assert counted["macs"] > 0
    assert counted["encode_macs"] > 3 * counted["macs"]


@pytest.mark.parametrize("dataset", ["celebahq64", "cifar10"])
def test_the_published_size_is_counted_for_real(dataset):
    counted = {metric.name: metric.value for metric in run("lift", dataset)}
    assert counted["macs"] == {"celebahq64": 54_263_808, "cifar10": 136_413_184}[dataset]


def test_an_operator_of_unknown_cost_is_refused(monkeypatch):
    monkeypatch.setattr(cost, "NO_PRODUCTS", cost.NO_PRODUCTS - {"aten::sin"})
    with pytest.raises(CostError, match=r"LIFT: cost of aten::sin is unknown"):
        count_macs(small_lift())
