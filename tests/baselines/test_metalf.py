"""MetaLF against numbers that its released JAX code printed in float64.

RoelvH97/ATLAS (the same model as in RoelvH97/MetaLF), `models/{atlas,attention,geometry}.py` and
`meta_learning/adaptation.py`, jax 0.10.2, flax 0.12.8; 9 tokens of 4 floats, width 8, 2 layers of
2 heads, 3 nearest for points and 4 for tokens, 2 inner steps.
"""

from typing import Any

import pytest
import torch

from baselines.metalf import MetaLF
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
    first=[0.1134817594314, -0.3541517584203, -0.03307039279782],
    mean=-0.1052367342672,
    loss=0.4671701743551,
    pose=[
        [-0.002965781769218, -0.001897407240106, 0.008239424867945, -0.01361403219544],
        [-0.0003568603605114, -0.002315183844922, 0.00984215377546, -0.01296251144773],
    ],
    pose_weighed=[0.002747864236122, 0.004597020893031],
    content=[
        [0.01157206972339, -0.01676965453247, 0.003675746975873, -0.001394147162102],
        [0.009296980049105, -0.01064001013595, 0.005360443771435, 5.028073002783e-05],
    ],
    content_weighed=[0.03822911343549, 0.03587596368684],
    gradients={
        "feed.gather.bias": -0.01703214319477,
        "feed.gather.weight": 0.06354918573179,
        "feed.norm.bias": -0.03115107230186,
        "feed.norm.weight": 0.01379054397323,
        "feed.spread.weight": 0.1112084557029,
        "layers.0.attend.geometry.frequencies.weight": 0.001814559446656,
        "layers.0.attend.geometry.mix.bias": 0.0001940281559006,
        "layers.0.attend.geometry.mix.weight": 0.001952536982184,
        "layers.0.attend.key.weight": 0.0007599304076947,
        "layers.0.attend.key_scale.weight": 0.0009661408135875,
        "layers.0.attend.key_shift.weight": 4.276460632254e-05,
        "layers.0.attend.modulation.frequencies.weight": 0.10083647616,
        "layers.0.attend.modulation.mix.bias": 0.01566566722449,
        "layers.0.attend.modulation.mix.weight": -0.08070060637247,
        "layers.0.attend.norm.bias": -0.001809365634889,
        "layers.0.attend.norm.weight": 0.007428138940315,
        "layers.0.attend.out.bias": 0.0901963382268,
        "layers.0.attend.out.weight": -0.03670033567327,
        "layers.0.attend.query.weight": 0.002133053502761,
        "layers.0.attend.value.weight": 0.03437901111055,
        "layers.0.feed.gather.bias": -0.01523939101361,
        "layers.0.feed.gather.weight": 0.03454346776471,
        "layers.0.feed.norm.bias": 0.004131711222803,
        "layers.0.feed.norm.weight": -0.005559331132326,
        "layers.0.feed.spread.weight": 0.08345230356571,
        "layers.1.attend.geometry.frequencies.weight": -0.001510276822623,
        "layers.1.attend.geometry.mix.bias": 1.311321325219e-05,
        "layers.1.attend.geometry.mix.weight": -0.001418531934643,
        "layers.1.attend.key.weight": -0.000305317300205,
        "layers.1.attend.key_scale.weight": -0.0004305451632416,
        "layers.1.attend.key_shift.weight": 6.594772196365e-05,
        "layers.1.attend.modulation.frequencies.weight": 0.05448018204343,
        "layers.1.attend.modulation.mix.bias": -0.008690478830209,
        "layers.1.attend.modulation.mix.weight": 0.02206723010806,
        "layers.1.attend.norm.bias": 0.005431172466286,
        "layers.1.attend.norm.weight": 0.01243672845607,
        "layers.1.attend.out.bias": 0.08228924557873,
        "layers.1.attend.out.weight": 0.00345757337056,
        "layers.1.attend.query.weight": -0.00134003558658,
        "layers.1.attend.value.weight": 0.008494556627794,
        "layers.1.feed.gather.bias": -0.09410594924837,
        "layers.1.feed.gather.weight": -0.0393168126639,
        "layers.1.feed.norm.bias": -0.02874842679645,
        "layers.1.feed.norm.weight": 0.0146887281591,
        "layers.1.feed.spread.weight": -0.06718446059266,
        "lift_content.bias": -0.06563635123838,
        "lift_content.weight": 0.007120177648802,
        "output.bias": -0.2691757358742,
        "output.weight": 0.2022763791764,
        "rates.content": 0.0004426627136972,
        "rates.pose": 0.0001624841804817,
        "read.geometry.frequencies.weight": 0.0009815100879664,
        "read.geometry.mix.bias": 0.0004491371346393,
        "read.geometry.mix.weight": 0.001934267987669,
        "read.key.weight": 0.002327810275219,
        "read.modulation.frequencies.weight": -0.1658602138682,
        "read.modulation.mix.bias": 0.09075647762516,
        "read.modulation.mix.weight": -0.09648237016228,
        "read.norm.bias": -0.006130609697558,
        "read.norm.weight": 0.01095330752346,
        "read.out.bias": 0.03606915844236,
        "read.out.weight": 0.1533321339551,
        "read.query.weight": 0.002570525773122,
        "read.value.weight": 0.3416846745024,
        "start.content": -0.007039317496373,
        "start.pose": 0.005824926128188,
    },
)


def small(**settings: Any) -> MetaLF:
    torch.manual_seed(0)
    defaults: dict[str, Any] = {
        "tokens_per_axis": 3,
        "latent_channels": 4,
        "width": 8,
        "layers": 2,
        "heads": 2,
        "nearest": 3,
        "self_nearest": 4,
        "frequencies": (1.0, 3.0),
        "inner_rates": RATES,
    }
    return MetaLF(Domain(2, 5, 3), **(defaults | settings))


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


def test_tokens_reach_points_through_other_tokens() -> None:
    """A corner reads three tokens, and two layers of self-attention carry others into them."""
    field = small().double()
    reached = []
    for layers in (0, 2):
        field = small(layers=layers).double()
        latent = field.zero_latent(1)
        content = latent["content"].requires_grad_()
        corner = field({**latent, "content": content}, torch.zeros(1, 1, 2).double())
        (gradient,) = torch.autograd.grad(corner.sum(), content)
        reached.append(gradient[0].abs().sum(-1).nonzero().flatten().tolist())
    assert reached[0] == [0, 1, 3]
    assert set(reached[1]) > set(reached[0])


def test_places_stay_inside_however_far_a_step_goes() -> None:
    field = small().double()
    latent = field.zero_latent(1)
    far = {**latent, "pose": latent["pose"] + 100}
    assert (field.start["pose"] + far["pose"]).tanh().max() <= 1
    assert field.render(far).isfinite().all()


def test_a_width_that_heads_do_not_divide_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a multiple of the 3 heads"):
        small(heads=3)
