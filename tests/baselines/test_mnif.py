"""mNIF against numbers that its released code printed in float64.

The released code fits values in [-1, 1] and averages its inner loss over the batch. Here signals
live in [0, 1] and losses are per signal: its losses are 4 times ours, and its rates act as
``4 / B`` times theirs, B = 2 in the fixture.
"""

import pytest
import torch
from torch import Tensor

from baselines.mnif import MNIF
from lift.field import Domain
from lift.meta.inner import adapt, squared_error
from lift.meta.outer import OuterGradient, meta_step
from tests.baselines.rates import CLAMPED

TOLERANCE = {torch.float64: 1e-10, torch.float32: 1e-5}

LOSSES = [1.0683456160097198, 1.065751963033249, 1.0596678273858187, 1.0459127857276551]
LATENTS = [
    [
        -0.0019489938416275107,
        -0.00394874387169372,
        -0.005197584152240368,
        -0.0050247784865385635,
        -0.0030492057177980785,
    ],
    [
        -0.0017376827536233585,
        -0.0034330540191477117,
        -0.004389142162112262,
        -0.004046204659010324,
        -0.002115731186930905,
    ],
]
GRADIENT_NORMS = {
    "coefficients.weight": 0.2006290262144588,
    "coefficients.bias": 27.227567007657374,
    "weights.0": 13.078324842269275,
    "biases.0": 8.687503842744654,
    "weights.1": 11.649738518063701,
    "biases.1": 7.980334157996033,
    "weights.2": 12.339464982699631,
    "biases.2": 6.152568704381029,
    "weights.3": 8.28038646177354,
    "biases.3": 8.615341504052134,
    "rates.global": 10.481597330133587,
}


def filled(shape: tuple[int, ...], scale: float, t: int) -> Tensor:
    """``scale * sin(0.37 k + 0.91 t + 0.5)``, k the row-major index."""
    k = torch.arange(torch.Size(shape).numel(), dtype=torch.float64)
    return (scale * torch.sin(0.37 * k + 0.91 * t + 0.5)).view(shape)


@pytest.fixture(params=[torch.float64, torch.float32], ids=str)
def dtype(request: pytest.FixtureRequest) -> torch.dtype:
    return request.param


def golden(dtype: torch.dtype) -> tuple[MNIF, Tensor, Tensor]:
    """The fixture's field, its grid and two images ``(2, 16, 3)``, moved from [-1, 1] to [0, 1]."""
    field = MNIF(
        Domain(2, 4, 3),
        width=8,
        depth=2,
        bases=3,
        latent=5,
        w0=30.0,
        inner_rates={**CLAMPED, "scale": 4 / 2},
    ).double()
    with torch.no_grad():
        field.coefficients.weight.copy_(filled((12, 5), 0.3, 0))
        field.coefficients.bias.fill_(1 / 3)
        for layer in range(4):
            weight, bias = field.weights[layer], field.biases[layer]
            weight.copy_(filled(weight.shape, 0.5 if layer == 0 else 0.1, 3 + 2 * layer))
            bias.copy_(filled(bias.shape, 0.05, 4 + 2 * layer))
        field.rates.get_parameter("global").copy_(0.001 * torch.arange(1, 6).double())
    n, i, j, c = torch.meshgrid(*[torch.arange(s).double() for s in (2, 4, 4, 3)], indexing="ij")
    images = (torch.sin(0.3 * n + 0.5 * i + 0.7 * j + 1.1 * c) + 1) / 2
    return field.to(dtype), field.domain.grid().to(dtype), images.reshape(2, 16, 3).to(dtype)


def test_grid_includes_the_corners() -> None:
    field, grid, _ = golden(torch.float64)
    coords = field.locate(grid)["coords"]
    assert coords[0, 0].tolist() == pytest.approx([-1, -1])
    assert coords[0, 1].tolist() == pytest.approx([-1, -1 / 3])
    assert coords[0, -1].tolist() == pytest.approx([1, 1])


def test_output_at_the_zero_latent(dtype: torch.dtype) -> None:
    field, grid, _ = golden(dtype)
    output = 2 * field(field.zero_latent(1), grid) - 1
    assert output.mean().item() == pytest.approx(-0.46904047514936087, abs=TOLERANCE[dtype])
    first = [-0.7944064212189925, -0.8111516986752606, -0.7363629249152824]
    assert output[0, 0].tolist() == pytest.approx(first, abs=TOLERANCE[dtype])


def test_losses_of_every_inner_step(dtype: torch.dtype) -> None:
    field, grid, images = golden(dtype)
    query = field.locate(grid)
    for step, expected in enumerate(LOSSES):
        latent = adapt(field, query, images, step)
        loss = 4 * squared_error(field, latent, query, images).mean()
        assert loss.item() == pytest.approx(expected, abs=TOLERANCE[dtype])


def test_fitted_latents(dtype: torch.dtype) -> None:
    field, grid, images = golden(dtype)
    latent = adapt(field, field.locate(grid), images, steps=3)["global"]
    for fitted, expected in zip(latent, LATENTS, strict=True):
        assert fitted.tolist() == pytest.approx(expected, abs=TOLERANCE[dtype])


@pytest.mark.parametrize("way", ["unrolled", "replayed"])
def test_outer_gradients_learned_rates_included(dtype: torch.dtype, way: OuterGradient) -> None:
    field, grid, images = golden(dtype)
    meta_step(field, 3, way)(field.locate(grid), images, field.zero_latent(2))
    norms = {name: 4 * p.grad.norm().item() for name, p in field.named_parameters()}
    assert norms == pytest.approx(GRADIENT_NORMS, rel=TOLERANCE[dtype])


def test_rates_are_clamped_to_the_unit_interval() -> None:
    field, _, _ = golden(torch.float64)
    with torch.no_grad():
        field.rates.get_parameter("global").copy_(torch.tensor([-1.0, 0.0, 0.5, 1.0, 7.0]))
    assert field.inner_rates(0)["global"].tolist() == [0, 0, 1, 2, 2]


def test_zero_latent_gives_the_plain_average_of_the_bases() -> None:
    domain = Domain(2, 4, 3)
    field = MNIF(
        domain,
        width=8,
        depth=1,
        bases=5,
        latent=4,
        w0=30.0,
        inner_rates={**CLAMPED, "scale": 1.0},
    )
    h = field.locate(domain.grid())["coords"]
    for weight, bias in zip(field.weights, field.biases, strict=True):
        h = torch.sin(30 * (h @ weight.mean(0).T + bias.mean(0)))
    torch.testing.assert_close(field.render(field.zero_latent(1)).view(1, -1, 3), (h + 1) / 2)


# Sizes of the published rows. `mixing` is M times one network.
ROWS = {
    "celeba-s": (Domain(2, 64, 3), 64, 4, 256, 1024, 5_934_336, 17_027, 68_419_584),
    "celeba-l": (Domain(2, 64, 3), 128, 5, 384, 512, 33_378_560, 83_331, 338_165_760),
    "shapenet-s": (Domain(3, 64, 1), 64, 4, 256, 512, 5_130_496, 16_961, 4_362_076_160),
    "shapenet-l": (Domain(3, 64, 1), 128, 5, 512, 1024, 46_273_536, 83_201, 21_609_054_208),
}


@pytest.mark.parametrize("row", ROWS)
def test_published_sizes(row: str) -> None:
    domain, width, depth, bases, latent, parameters, network, field_macs = ROWS[row]
    with torch.device("meta"):
        field = MNIF(
            domain,
            width=width,
            depth=depth,
            bases=bases,
            latent=latent,
            w0=30.0,
            inner_rates={**CLAMPED, "scale": 1.0},
        )
    cost = field.cost()
    assert cost.parameters + cost.rate_parameters == parameters
    assert cost.inference_parameters == network
    assert cost.macs == field_macs + latent * bases * (depth + 2)
    assert field.mixing_macs == bases * network


def test_s_rows_carry_the_sizes_of_the_srn_cars_configuration() -> None:
    # 3 inputs, 4 outputs, latent 128. The rows print 17.2 K, 4.6 M, 69 M and 4.4 G.
    with torch.device("meta"):
        field = MNIF(
            Domain(3, 16, 4),
            width=64,
            depth=4,
            bases=256,
            latent=128,
            w0=30.0,
            inner_rates={**CLAMPED, "scale": 1.0},
        )
    cost = field.cost()
    assert cost.inference_parameters == 17_156
    assert cost.parameters == 4_590_080
    assert round(cost.macs / 1e6) == 69  # 16^3 points are as many as 64^2
    assert round(64 * cost.macs / 1e9, 1) == 4.4  # and 64^3 are 64 times as many
