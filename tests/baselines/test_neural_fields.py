"""What every baseline promises through the shared interface, on images, voxels and sequences."""

import warnings
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from baselines.enf import ENF
from baselines.functa import Functa
from baselines.gem import GEM
from baselines.metalf import MetaLF
from baselines.mnif import MNIF
from baselines.spatial_functa import SpatialFuncta
from benchmarks.metrics.cost import MATRIX_PRODUCTS
from lift.field import Domain, Latent, NeuralField, Query
from lift.meta.inner import adapt, inner_gradient, unroll
from lift.meta.outer import OuterGradient, Unrolled, meta_step
from tests.baselines.rates import CLAMPED, META_SGD, TOKENS

DOMAINS = {"sequence": Domain(1, 16, 2), "image": Domain(2, 8, 3), "voxels": Domain(3, 4, 1)}

FIELDS: dict[str, Callable[[Domain], NeuralField]] = {
    "functa": lambda domain: Functa(
        domain,
        width=16,
        depth=4,
        latent=12,
        w0=30.0,
        inner_rates=META_SGD,
    ),
    "spatial_functa": lambda domain: SpatialFuncta(
        domain,
        width=16,
        depth=4,
        cells=2,
        latent_channels=6,
        w0=10.0,
        inner_rates=META_SGD,
    ),
    "spatial_functa-3x3": lambda domain: SpatialFuncta(
        domain,
        width=16,
        depth=4,
        cells=2,
        latent_channels=6,
        w0=10.0,
        kernel=3,
        inner_rates=META_SGD,
    ),
    "spatial_functa-bilinear": lambda domain: SpatialFuncta(
        domain,
        width=16,
        depth=4,
        cells=2,
        latent_channels=6,
        w0=10.0,
        reading="bilinear",
        inner_rates=META_SGD,
    ),
    "gem": lambda domain: GEM(
        domain,
        width=16,
        depth=2,
        latent=12,
        rank=3,
        w0=10.0,
        output="sigmoid",
        inner_rates={"start": 0.1},
    ),
    "mnif": lambda domain: MNIF(
        domain,
        width=16,
        depth=2,
        bases=6,
        latent=12,
        w0=30.0,
        inner_rates={**CLAMPED, "scale": 0.125},
    ),
    "enf": lambda domain: ENF(
        domain,
        tokens_per_axis=2,
        latent_channels=4,
        width=8,
        heads=2,
        attention_width=4,
        nearest=3,
        frequencies=(1.0, 3.0),
        inner_rates={**TOKENS, "start": {"pose": 0.1, "content": 2.0}},
    ),
    "metalf": lambda domain: MetaLF(
        domain,
        tokens_per_axis=2,
        latent_channels=4,
        width=8,
        layers=1,
        heads=2,
        nearest=3,
        self_nearest=2,
        frequencies=(1.0, 3.0),
        inner_rates={**TOKENS, "start": {"pose": 0.1, "content": 2.0}},
    ),
}


@pytest.fixture(params=DOMAINS)
def domain(request: pytest.FixtureRequest) -> Domain:
    return DOMAINS[request.param]


@pytest.fixture(params=FIELDS)
def field(request: pytest.FixtureRequest, domain: Domain) -> NeuralField:
    torch.manual_seed(0)
    return FIELDS[request.param](domain)


def signals(domain: Domain, batch: int) -> Tensor:
    return torch.rand(batch, domain.points, domain.channels, generator=torch.manual_seed(1))


def random_latent(field: NeuralField, batch: int) -> Latent:
    zero = field.zero_latent(batch)
    return {name: 0.1 * torch.randn_like(tensor) for name, tensor in zero.items()}


def test_zero_latent_is_zero_and_needs_no_gradient(field: NeuralField) -> None:
    for latent in field.zero_latent(3).values():
        assert len(latent) == 3
        assert not latent.any()
        assert not latent.requires_grad


def test_there_is_a_rate_for_every_latent_coordinate(
    field: NeuralField,
) -> None:
    for name, latent in field.zero_latent(2).items():
        rates = field.inner_rates(0)[name]
        assert torch.broadcast_shapes(rates.shape, latent.shape[1:]) == latent.shape[1:]


def test_render_equals_forward_on_the_grid(field: NeuralField, domain: Domain) -> None:
    latent = random_latent(field, 2)
    rendered = field.render(latent)
    size = [domain.resolution] * domain.dimensions
    assert rendered.shape == (2, *size, domain.channels)
    torch.testing.assert_close(rendered.flatten(1, -2), field(latent, domain.grid()))


def test_points_of_each_signal_equal_shared_points(field: NeuralField, domain: Domain) -> None:
    latent = random_latent(field, 2)
    order = torch.stack([torch.randperm(domain.points) for _ in range(2)])
    whole = field(latent, domain.grid())
    picked = domain.grid()[0][order]  # (2, N, D), another order for each signal
    expected = torch.stack(
        [values[permutation] for values, permutation in zip(whole, order, strict=True)]
    )
    torch.testing.assert_close(field(latent, picked), expected, atol=1e-5, rtol=1e-5)


def test_renders_at_another_resolution(field: NeuralField, domain: Domain) -> None:
    rendered = field.render(random_latent(field, 1), 2 * domain.resolution)
    size = [2 * domain.resolution] * domain.dimensions
    assert rendered.shape == (1, *size, domain.channels)
    assert rendered.isfinite().all()


def test_latent_does_not_depend_on_its_batch(field: NeuralField, domain: Domain) -> None:
    field = field.double()
    query = field.locate(domain.grid().double())
    values = signals(domain, 4).double()
    together = adapt(field, query, values, 3)
    alone = adapt(field, query, values[2:3], 3)
    for name, latent in together.items():
        torch.testing.assert_close(latent[2:3], alone[name], atol=1e-12, rtol=0)


def test_replayed_outer_gradient_equals_the_unrolled_one(
    field: NeuralField, domain: Domain
) -> None:
    field = field.double()
    query = field.locate(domain.grid().double())
    values = signals(domain, 2).double()
    gradients = []
    for way in ("unrolled", "replayed"):
        field.zero_grad()
        meta_step(field, 3, way)(query, values, field.zero_latent(2))
        gradients.append({name: p.grad.clone() for name, p in field.named_parameters()})
    for name, gradient in gradients[0].items():
        scale = gradient.abs().max().clamp_min(1e-3)
        assert ((gradient - gradients[1][name]).abs().max() / scale) < 1e-10, name


@pytest.mark.parametrize("way", ["unrolled", "replayed", "first-order"])
@pytest.mark.parametrize("shared", [True, False])
def test_micro_batches_of_signals_give_the_whole_batchs_gradient(
    field: NeuralField, domain: Domain, way: OuterGradient, shared: bool
) -> None:
    field = field.double()
    coords = domain.grid().double()
    if not shared:
        coords = torch.stack([coords[0, torch.randperm(domain.points)] for _ in range(3)])
    query, values = field.locate(coords), signals(domain, 3).double()
    start = random_latent(field, 3)
    results, gradients = [], []
    for micro_batch in (None, 2):  # the second micro_batch holds one signal
        field.zero_grad()
        results.append(meta_step(field, 2, way, micro_batch=micro_batch)(query, values, start))
        gradients.append([p.grad.clone() for p in field.parameters()])
    torch.testing.assert_close(results[0], results[1], rtol=1e-12, atol=0)
    for whole, parts in zip(*gradients, strict=True):
        assert (whole - parts).abs().max() <= 1e-10 * whole.abs().max().clamp_min(1e-3)


@pytest.mark.parametrize("way", ["unrolled", "replayed", "first-order"])
@pytest.mark.parametrize("micro_batch", [None, 4])  # of 5: the last one has no shared step
@pytest.mark.parametrize("points", ["all", "some"])
@pytest.mark.parametrize("name", ["functa", "spatial_functa", "spatial_functa-3x3"])
def test_a_shared_first_step_is_everybodys(
    name: str, domain: Domain, way: OuterGradient, micro_batch: int | None, points: str
) -> None:
    torch.manual_seed(0)
    field = FIELDS[name](domain).double()
    picked = torch.randperm(domain.points)[: domain.points // (1 if points == "all" else 3)]
    query = field.locate(domain.grid().double()[:, picked])
    values = signals(domain, 5).double()[:, picked]
    assert field.first_gradient(query, values) is not None
    results, gradients = [], []
    for start in (field.zero_latent(5), None):
        field.zero_grad()
        results.append(meta_step(field, 3, way, micro_batch=micro_batch)(query, values, start))
        gradients.append([p.grad.clone() for p in field.parameters()])
    torch.testing.assert_close(results[0], results[1], rtol=1e-10, atol=0)
    for own, shared in zip(*gradients, strict=True):
        assert (own - shared).abs().max() <= 1e-10 * own.abs().max().clamp_min(1e-3)


@pytest.mark.parametrize("started", [True, False])
def test_a_step_as_one_function_is_the_unrolled_one(
    field: NeuralField, domain: Domain, started: bool
) -> None:
    field = field.double()
    query, values = field.locate(domain.grid().double()), signals(domain, 5).double()
    start = random_latent(field, 5) if started else None
    loss, gradients = step_as_one_function(field)(query, values, start)
    result = meta_step(field, 3, "unrolled")(query, values, start)
    torch.testing.assert_close(loss, result.loss, rtol=1e-10, atol=0)
    for name, parameter in field.named_parameters():
        scale = parameter.grad.abs().max().clamp_min(1e-3)
        assert (gradients[f"field.{name}"] - parameter.grad).abs().max() <= 1e-10 * scale


def step_as_one_function(field: NeuralField):
    """What a compiler is given, uncompiled: loss and gradients as one function of the weights."""
    unrolled = Unrolled(field, 3)
    weights = {name: parameter.detach() for name, parameter in unrolled.named_parameters()}

    def take(*batch):
        def loss(weights):
            found = torch.func.functional_call(unrolled, weights, batch)[0]
            return found, found

        gradients, found = torch.func.grad(loss, has_aux=True)(weights)
        return found, gradients

    return take


class _Render(nn.Module):
    """A forward that a tracer can follow: latents in, values out."""

    def __init__(self, field: NeuralField, query: Query) -> None:
        super().__init__()
        self.field, self.query = field, query

    def forward(self, *latents: Tensor) -> Tensor:
        names = self.field.zero_latent(1).keys()
        return self.field.evaluate(dict(zip(names, latents, strict=True)), self.query)


def mixing_macs(field: NeuralField) -> int:
    """mNIF's tables leave out the averaging of its bases, which the counters see."""
    return field.mixing_macs if isinstance(field, MNIF) else 0


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::torch.jit.TracerWarning")
def test_macs_are_what_fvcore_counts(field: NeuralField, domain: Domain) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from fvcore.nn import FlopCountAnalysis  # noqa: PLC0415 - warns when imported

        module = _Render(field, field.locate(domain.grid()))
        counted = FlopCountAnalysis(module, tuple(field.zero_latent(1).values()))
        counted.unsupported_ops_warnings(False)
        products = sum(counted.by_operator()[name] for name in MATRIX_PRODUCTS)
        assert products == field.cost().macs + mixing_macs(field)


def test_encode_macs_are_half_of_what_torch_counts(field: NeuralField, domain: Domain) -> None:
    query = field.locate(domain.grid())
    values = signals(domain, 1)

    latent = random_latent(field, 1)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        unroll(field, query, values, 3, latent, inner_gradient)
    assert counter.get_total_flops() == 2 * field.cost().encode_macs


def test_parameters_are_all_that_learn(field: NeuralField) -> None:
    cost = field.cost()
    learned = sum(p.numel() for p in field.parameters())
    assert cost.parameters + cost.rate_parameters == learned
    assert cost.latent_floats == sum(t.numel() for t in field.zero_latent(1).values())
