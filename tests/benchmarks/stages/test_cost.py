"""Costs: what fvcore and PyTorch count is what the closed form says."""

import pytest
import torch
from torch import nn
from torch.nn.functional import layer_norm, linear, scaled_dot_product_attention
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.metrics.cost import Count, count_macs
from benchmarks.settings.method import load_methods
from benchmarks.stages.cost import measure, run
from lift.field import Cost, Domain, NeuralField
from lift.meta.inner import descend, squared_error
from tests.lift.fields import small_lift


def counted_while_encoding(field, steps=3):
    """Multiply-adds of a real encoding; PyTorch counts each as two."""
    field.requires_grad_(False)
    query = field.locate(field.domain.grid())
    values = torch.zeros(1, field.domain.points, field.domain.channels)
    latent = field.zero_latent(1)
    with FlopCounterMode(display=False) as counter:
        for step in range(steps):
            # The counter refuses leaves as inputs of modules.
            latent = {name: z.detach().requires_grad_() * 1 for name, z in latent.items()}
            error = squared_error(field, latent, query, values).sum()
            gradient = torch.autograd.grad(error, list(latent.values()))
            latent = descend(field, latent, dict(zip(latent, gradient, strict=True)), step)
    return counter.get_total_flops() // 2


@pytest.mark.parametrize("dimensions", [1, 2, 3])
@pytest.mark.parametrize("sine_layers", [1, 3])
def test_lifts_closed_form_is_what_is_counted(dimensions, sine_layers):
    field = small_lift(Domain(dimensions, 8, 2), sine_layers=sine_layers, smoothness_weight=0.0)
    closed = field.cost()
    assert count_macs(field) == Count(closed.macs, closed.macs, {})
    assert closed.encode_macs == counted_while_encoding(field)


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_attention_among_regions_is_what_is_counted(dimensions):
    field = small_lift(
        Domain(dimensions, 8, 2), smoothness_weight=0.0, fused_channels=32, attention_layers=2
    )
    closed = field.cost()
    counted = count_macs(field)
    assert (counted.macs, counted.checked) == (closed.macs, closed.macs)
    assert closed.encode_macs == counted_while_encoding(field)


# Attention is elementwise products that are then summed: in no counter, and named.
UNCOUNTED = {
    "enf": "mul+sum",
    "metalf": "mul+sum, native_layer_norm",
    "lift_plus": "native_layer_norm",
}


@pytest.mark.parametrize("method", load_methods())
def test_every_method_is_counted_at_its_published_size_for_cifar(method):
    metrics = run(method, "cifar10")
    counted = {metric.name: metric.value for metric in metrics}
    notes = [f"not counted: {UNCOUNTED[method]}"] if method in UNCOUNTED else []
    assert [metric.note for metric in metrics if metric.note] == notes
    assert counted["macs"] > 0
    assert counted["encode_macs"] > 3 * counted["macs"]


@pytest.mark.parametrize("dataset", ["celebahq64", "cifar10"])
def test_the_published_size_is_counted_for_real(dataset):
    counted = {metric.name: metric.value for metric in run("lift", dataset)}
    assert counted["macs"] == {"celebahq64": 54_263_808, "cifar10": 136_413_184}[dataset]


class Own(NeuralField):
    """A field from outside, with an operator of the test's choice on its points."""

    def __init__(self, operator, macs):
        super().__init__()
        self.domain = Domain(2, 4, 1)
        self.weight = nn.Parameter(torch.rand(1, 6))
        self.operator, self.macs = operator, macs

    def zero_latent(self, batch):
        return {"global": self.weight.new_zeros(batch, 6)}

    def inner_rates(self, step):
        return {"global": torch.tensor(1.0)}

    def locate(self, coords):
        return {"coords": coords}

    def evaluate(self, latent, query):
        features = latent["global"].unsqueeze(1) + query["coords"].sum(
            -1, keepdim=True
        )  # (B, N, 6)
        return self.operator(features, self.weight)

    def cost(self):
        return Cost(6, 6, 6, self.macs, 0, 0)


def product_and_sum(x, weight):
    return (x * weight).sum(-1, keepdim=True)


def reported(field):
    return next(metric for metric in measure(field) if metric.name == "macs")


@pytest.mark.parametrize(
    ("operator", "stated", "reports", "note"),
    [
        (linear, 96, 96, ""),
        (linear, 90, 96, "counted; the field's closed form says 90"),
        (
            product_and_sum,
            96,
            96,
            "the field's closed form; 0 counted; not counted: mul+sum",
        ),
        (product_and_sum, 0, 0, "not counted: mul+sum"),
        (
            lambda x, weight: linear(layer_norm(x, (6,)), weight),
            96,
            96,
            "not counted: native_layer_norm",
        ),
        (torch.cdist, 0, 0, "not counted: _cdist_forward"),
        (lambda x, weight: linear(x.sin().square() / 2 - x.cos(), weight), 96, 96, ""),
    ],
    ids=["matmul", "wrong", "sum", "unstated sum", "layer norm", "unknown", "elementwise"],
)
def test_operators_that_no_counter_knows_are_named(operator, stated, reports, note):
    macs = reported(Own(operator, stated))
    assert (macs.value, macs.note) == (reports, note)


def test_an_operator_that_only_torch_counts_is_counted():
    def attention(x, weight):
        return scaled_dot_product_attention(x, x, x)[..., :1]

    assert reported(Own(attention, 2 * 16 * 16 * 6)).value == 2 * 16 * 16 * 6


def test_parameters_are_counted():
    field = Own(linear, 96)
    field.forgotten = nn.Parameter(torch.zeros(4))
    parameters = measure(field)[0]
    assert (parameters.name, parameters.value) == ("parameters", 10)
    assert parameters.note == "counted; the field's closed form says 6"
