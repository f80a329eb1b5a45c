"""Inner rates, fixed and learned."""

import math

import pytest
import torch

from lift.meta.rates import InnerRates, learned_rates

SHAPES = {"global": (1, 1, 4), "local": (2, 2, 3)}


def test_fixed_rates_are_no_parameters_and_no_part_of_the_weights():
    rates = InnerRates(SHAPES, start={"global": 2.0, "local": 3.0})
    assert {name: rate.item() for name, rate in rates(1).items()} == {"global": 2, "local": 3}
    assert rates.count == 0
    assert not rates.state_dict()


@pytest.mark.parametrize(
    ("learned", "steps", "count"),
    [("scale", None, 2), ("scale", 3, 6), ("coordinate", None, 16), ("coordinate", 3, 48)],
)
def test_learned_rates_are_counted(learned, steps, count):
    rates = InnerRates(SHAPES, start=1.0, learned=learned, steps=steps)
    assert rates.count == count == sum(p.numel() for p in learned_rates(rates))


def test_a_step_beyond_the_last_takes_the_last_steps_rates():
    rates = InnerRates({"global": (2,)}, start=1.0, learned="coordinate", steps=2)
    with torch.no_grad():
        rates.get_parameter("global").copy_(torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
    assert [rates(step)["global"].tolist() for step in (0, 1, 5)] == [[1, 2], [3, 4], [3, 4]]


def test_logarithm_clamp_and_scale_in_this_order():
    rates = InnerRates(
        {"global": (2,)}, start=8.0, learned="coordinate", logarithm=True, clamp=(0, 5), scale=2.0
    )
    parameter = rates.get_parameter("global")
    assert parameter.tolist() == pytest.approx([math.log(8)] * 2)
    with torch.no_grad():
        parameter[1] = math.log(3)
    assert rates(0)["global"].tolist() == pytest.approx([10, 6])


def test_bounded_rates_are_moved_back_and_go_on_learning_there():
    rates = InnerRates({"global": (2,)}, start=0.2, learned="coordinate", bounds=(0.1, 1.0))
    parameter = rates.get_parameter("global")
    with torch.no_grad():
        parameter.copy_(torch.tensor([-3.0, 7.0]))
    rates.return_to_bounds()
    assert parameter.tolist() == pytest.approx([0.1, 1.0])
    rates(0)["global"].sum().backward()
    assert parameter.grad.tolist() == [1, 1]  # a clamp where rates are used would give 0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"start": 1.0, "logarithm": True, "bounds": (0, 1)}, "bounds: .*expected one of the two"),
        ({}, "exactly one"),
        ({"start": 1.0, "between": (0, 1)}, "exactly one"),
        ({"start": {"global": 1.0}}, "rates for global; expected one for each of global, local"),
        ({"start": {"global": 1.0, "local": 1.0, "lokal": 3.0}}, "lokal; expected one for each"),
        ({"between": (0.0, 1.0)}, "learned: fixed"),
        ({"start": 1.0, "steps": 3}, "learned: fixed"),
        ({"start": 0.0, "logarithm": True}, "expected positive"),
        ({"start": 1.0, "learned": "all"}, "expected 'fixed', 'scale' or 'coordinate'"),
    ],
)
def test_what_cannot_be_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        InnerRates(SHAPES, **settings)
