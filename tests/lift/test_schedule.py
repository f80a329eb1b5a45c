"""Step sizes over a training."""

import pytest

from lift.schedule import factor


def test_a_warm_up_is_linear_and_reaches_one():
    assert [factor("cosine", step, 60, warmup=10) for step in (0, 4, 9)] == [0.1, 0.5, 1.0]


def test_half_a_cosine_ends_at_zero():
    assert factor("cosine", 0, 100) == 1
    assert factor("cosine", 50, 100) == pytest.approx(0.5)
    assert factor("cosine", 100, 100) == pytest.approx(0)


def test_exponential_decay_ends_at_its_last_factor():
    assert factor("exponential", 0, 100, last=0.01) == 1
    assert factor("exponential", 50, 100, last=0.01) == pytest.approx(0.1)


def test_constant_is_constant():
    assert {factor("constant", step, 40) for step in range(40)} == {1.0}
