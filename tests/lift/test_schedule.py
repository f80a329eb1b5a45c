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


def test_warm_up_stable_decay_is_the_same_for_longer_trainings_until_the_last_fifth():
    assert [factor("wsd", step, 100) for step in (0, 40, 80)] == [1, 1, 1]
    assert [factor("wsd", step, 1000) for step in (0, 40, 80)] == [1, 1, 1]
    assert factor("wsd", 90, 100) == pytest.approx(0.5)
    assert factor("wsd", 100, 100) == 0


def test_constant_is_constant():
    assert {factor("constant", step, 40) for step in range(40)} == {1.0}
