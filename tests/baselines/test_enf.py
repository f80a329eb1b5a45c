"""ENF against numbers that released JAX codes printed in float64.

Both MetaLF's `models/enf.py` with its `meta_learning/adaptation.py` and the `enf/model.py` of
ENF's authors (david-knigge/enf-min-jax, window 2/3) print these, to the last digit. jax 0.10.2,
flax 0.12.8; 9 tokens of 4 floats, width 8, 3 heads of 4, 3 nearest, 2 inner steps.
"""

from typing import Any

import pytest
import torch

from baselines.enf import ENF
from lift.field import Domain
from lift.meta.outer import OuterGradient
from tests.baselines.tokens import (
    RATES,
    Golden,
    check_latents,
    check_outer_gradients,
    check_values,
)

GOLDEN = Golden(
    first=[0.4309687863162, -0.05450333434203, -0.4127166234043],
    mean=-0.02930764255355,
    loss=0.418302376393,
    pose=[
        [0.003650611332119, -0.004759122869898, -0.00217510912111, -0.01399779299787],
        [0.002581269877089, -0.005097559241917, -0.003709560628719, -0.01221217330577],
    ],
    pose_weighed=[0.0139203009743, 0.01265075402013],
    content=[
        [-0.0238234005064, 0.008510991846318, 0.003831508731346, -0.02834057812314],
        [-0.01766752513469, 0.006564746831344, 0.002800272887693, -0.02108298300436],
    ],
    content_weighed=[0.02052831126, 0.02954772380371],
    gradients={
        "key.bias": 0.0001112732548149,
        "key.weight": -0.0004293226755663,
        "mix.0.bias": 0.02366283025166,
        "mix.0.weight": 0.1517697145419,
        "mix.2.bias": -0.4317907922378,
        "mix.2.weight": 0.1094678071996,
        "modulation.0.frequencies.weight": 0.01110602207131,
        "modulation.0.mix.bias": 0.004928399667463,
        "modulation.0.mix.weight": 0.05871345036803,
        "modulation.1.bias": 0.05688761468006,
        "modulation.1.weight": 0.06433465856913,
        "output.bias": 0.1903537699069,
        "output.weight": -0.3782290110906,
        "query.0.frequencies.weight": 0.000988044255188,
        "query.0.mix.bias": 5.523653499377e-05,
        "query.0.mix.weight": -0.0003105076048925,
        "query.1.bias": -0.0001006431251803,
        "query.1.weight": -0.0001569495123464,
        "rates.content": -0.0001767244400927,
        "rates.pose": -6.914505267579e-05,
        "start.content": 0.006426669092723,
        "start.pose": 0.008999529035791,
        "value.bias": 0.04358295241107,
        "value.weight": 0.01607796249967,
    },
)


def small(**settings: Any) -> ENF:
    torch.manual_seed(0)
    defaults: dict[str, Any] = {
        "tokens_per_axis": 3,
        "latent_channels": 4,
        "width": 8,
        "heads": 3,
        "attention_width": 4,
        "nearest": 3,
        "frequencies": (1.0, 3.0),
        "inner_rates": RATES,
    }
    return ENF(Domain(2, 5, 3), **(defaults | settings))


@pytest.fixture(params=[torch.float64, torch.float32], ids=str)
def dtype(request: pytest.FixtureRequest) -> torch.dtype:
    return request.param


def test_values_are_those_of_the_released_code(dtype: torch.dtype) -> None:
    check_values(small(), GOLDEN, dtype)


def test_adapted_latents_are_those_of_the_released_code(dtype: torch.dtype) -> None:
    check_latents(small(), GOLDEN, dtype)


@pytest.mark.parametrize("way", ["unrolled", "replayed"])
def test_outer_gradients_are_those_of_the_released_code(way: OuterGradient) -> None:
    check_outer_gradients(small(), GOLDEN, way)


def test_moving_all_tokens_moves_the_signal() -> None:
    field = small().double()
    latent = {name: torch.randn_like(zero) for name, zero in field.zero_latent(2).items()}
    coords = torch.rand(1, 40, 2).double()
    moved = {**latent, "pose": latent["pose"] + torch.tensor([0.3, -0.1]).double()}
    # A place in [-1, 1] is twice as long as one in the unit cube.
    expected = field(latent, coords - torch.tensor([0.15, -0.05]).double())
    torch.testing.assert_close(field(moved, coords), expected)


def test_a_point_reads_its_nearest_tokens_alone() -> None:
    field = small().double()
    latent = field.zero_latent(1)
    content = latent["content"].requires_grad_()
    corner = field({**latent, "content": content}, torch.zeros(1, 1, 2).double())
    (gradient,) = torch.autograd.grad(corner.sum(), content)
    assert gradient[0].abs().sum(-1).nonzero().flatten().tolist() == [0, 1, 3]


def test_an_odd_width_is_refused() -> None:
    with pytest.raises(ValueError, match="width: 9, expected an even number"):
        small(width=9)
