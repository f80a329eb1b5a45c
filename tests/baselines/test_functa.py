"""Functa against numbers that its released JAX code printed in float64."""

import pytest
import torch
from torch import Tensor

from baselines.functa import Functa
from lift.field import Domain
from lift.meta.inner import adapt, squared_error
from lift.meta.outer import OuterGradient, meta_step
from tests.baselines.rates import META_SGD

TOLERANCE = {torch.float64: 1e-10, torch.float32: 1e-5}
# Changing this fixture's weights and grid by half a unit in float32's last place, and computing on
# in float64, moves its outer gradients by up to 4.6e-4 (20 draws): single precision cannot promise
# more, and what it gives depends on the processor.
GRADIENT_TOLERANCE = {torch.float64: 1e-10, torch.float32: 1e-3}

LOSSES = [
    [0.14751719692611226, 0.1344140936176438, 0.13739656496500322, 0.14349110120681063],
    [0.15900926981341348, 0.14887335517976144, 0.15321299798379562, 0.14816006465695009],
]
LATENTS = [
    [
        -0.001602061458633868,
        0.002630570124807042,
        -0.0019431407779454974,
        -0.0008295233392717795,
        0.0050121767482269024,
        -0.009043617308029028,
    ],
    [
        -0.0034680947491003747,
        0.006595760828486404,
        -0.006518638296620064,
        0.0016751869395349082,
        0.007282670003050799,
        -0.017461055652065568,
    ],
]
OUTER_LOSS = 0.14582558293188036
GRADIENT_NORMS = {
    "siren.biases.0": 12.377479025022085,
    "siren.weights.0": 12.881387776977913,
    "siren.biases.1": 5.701914690115432,
    "siren.weights.1": 14.301643716407872,
    "siren.biases.2": 0.6371774093725171,
    "siren.weights.2": 2.988164609424007,
    "siren.biases.3": 0.2859748202932238,
    "siren.weights.3": 0.5245366923846231,
    "shift_map.bias": 13.6425735548404,
    "shift_map.weight": 0.18002824643406365,
    "rates.global": 2.770125214875253,
}


def filled(shape: tuple[int, ...], scale: float, t: int) -> Tensor:
    """``scale * sin(0.37 k + 0.91 t + 0.5)``, k the row-major index."""
    k = torch.arange(torch.Size(shape).numel(), dtype=torch.float64)
    return (scale * torch.sin(0.37 * k + 0.91 * t + 0.5)).view(shape)


@pytest.fixture(params=[torch.float64, torch.float32], ids=str)
def dtype(request: pytest.FixtureRequest) -> torch.dtype:
    return request.param


def golden(dtype: torch.dtype) -> tuple[Functa, Tensor, Tensor]:
    """The fixture's field, its grid and two images ``(2, 16, 3)``; matrices there are (in, out)."""
    field = Functa(
        Domain(2, 4, 3),
        width=8,
        depth=4,
        latent=6,
        w0=30.0,
        inner_rates=META_SGD,
    ).double()
    sizes = [2, 8, 8, 8, 3]
    with torch.no_grad():
        for i in range(4):
            weight = filled((sizes[i], sizes[i + 1]), 0.5 if i == 0 else 0.1, 2 * i)
            field.siren.weights[i].copy_(weight.T)
            field.siren.biases[i].copy_(filled((sizes[i + 1],), 0.05, 2 * i + 1))
        field.shift_map.weight.copy_(filled((6, 24), 0.3, 20).T)
        field.shift_map.bias.copy_(filled((24,), 0.01, 21))
        field.rates.get_parameter("global").copy_(0.002 * torch.arange(1, 7).double())
    n, i, j, c = torch.meshgrid(*[torch.arange(s).double() for s in (2, 4, 4, 3)], indexing="ij")
    images = 0.5 + 0.5 * torch.sin(0.3 * n + 0.5 * i + 0.7 * j + 1.1 * c)
    return field.to(dtype), field.domain.grid().to(dtype), images.reshape(2, 16, 3).to(dtype)


def test_output_at_the_zero_latent(dtype: torch.dtype) -> None:
    field, grid, _ = golden(dtype)
    output = field(field.zero_latent(1), grid)
    assert output.mean().item() == pytest.approx(0.6044062300707063, abs=TOLERANCE[dtype])
    first = [0.5586822990179903, 0.6182972526531008, 0.6619012280291131]
    assert output[0, 0].tolist() == pytest.approx(first, abs=TOLERANCE[dtype])


def test_losses_of_every_inner_step(dtype: torch.dtype) -> None:
    field, grid, images = golden(dtype)
    query = field.locate(grid)
    for step in range(4):
        latent = adapt(field, query, images, step)
        losses = squared_error(field, latent, query, images)
        expected = [LOSSES[0][step], LOSSES[1][step]]
        assert losses.tolist() == pytest.approx(expected, abs=TOLERANCE[dtype])


def test_fitted_latents(dtype: torch.dtype) -> None:
    field, grid, images = golden(dtype)
    latent = adapt(field, field.locate(grid), images, steps=3)["global"]
    for fitted, expected in zip(latent, LATENTS, strict=True):
        assert fitted.tolist() == pytest.approx(expected, abs=TOLERANCE[dtype])


@pytest.mark.parametrize("way", ["unrolled", "replayed"])
def test_outer_gradients_learned_rates_included(dtype: torch.dtype, way: OuterGradient) -> None:
    field, grid, images = golden(dtype)
    step = meta_step(field, 3, way)(field.locate(grid), images, field.zero_latent(2))
    assert step.loss.item() == pytest.approx(OUTER_LOSS, abs=TOLERANCE[dtype])
    norms = {name: p.grad.norm().item() for name, p in field.named_parameters()}
    assert norms == pytest.approx(GRADIENT_NORMS, rel=GRADIENT_TOLERANCE[dtype])
    assert field.rates.get_parameter("global").grad.sum().item() == pytest.approx(
        5.790687966897689, rel=GRADIENT_TOLERANCE[dtype]
    )


# Sizes of the released configurations and of the published rows.
CIFAR10 = Domain(2, 32, 3)
CELEBA64 = Domain(2, 64, 3)


def test_cifar10_row_has_7_094_787_parameters_and_3_503_g_operations() -> None:
    field = Functa(
        CIFAR10,
        width=512,
        depth=15,
        latent=512,
        w0=30.0,
        inner_rates=META_SGD,
    )
    cost = field.cost()
    assert cost.parameters == 7_094_787
    # The table counts biases as operations.
    assert cost.macs + cost.bias_adds == 3_417_603 * 1024 + 3_677_184
    assert round((cost.macs + cost.bias_adds) / 1e9, 3) == 3.503


def test_celeba_row_has_3_3_m_parameters_and_8_602_g_macs() -> None:
    cost = Functa(
        CELEBA64,
        width=512,
        depth=10,
        latent=256,
        w0=30.0,
        inner_rates=META_SGD,
    ).cost()
    assert cost.parameters == 3_288_835 - 256
    assert round(cost.macs / 1e9, 3) == 8.602
    assert cost.inference_parameters == 2_104_323


def test_celeba_rows_inference_parameters_are_those_of_twelve_layers() -> None:
    cost = Functa(
        CELEBA64,
        width=512,
        depth=12,
        latent=256,
        w0=30.0,
        inner_rates=META_SGD,
    ).cost()
    assert cost.inference_parameters == 2_629_635


def test_depth_15_with_latent_256_has_5_260_035_parameters_rates_included() -> None:
    cost = Functa(
        CELEBA64,
        width=512,
        depth=15,
        latent=256,
        w0=30.0,
        inner_rates=META_SGD,
    ).cost()
    assert cost.parameters == 5_260_035 - 256
