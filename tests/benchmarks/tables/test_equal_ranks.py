"""Ranks after equal time are tested by the PSNR of each signal, where it was kept."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.tables.equal_budgets import at
from benchmarks.tables.equal_ranks import certain_ranks, signals_at

CURVE = pd.DataFrame({"seconds": [1.0, 10.0, 100.0], "test_psnr": [18.0, 22.0, 30.0]})
EACH = CURVE.test_psnr.to_numpy()[:, None] + np.array([-3.0, 0.0, 3.0])
"""Of three signals, at the rows of the curve."""
ONE = {"LIFT": 1, "Functa": 1}
SPREAD = np.random.default_rng(0).normal(0, 3, 100)


def kept(above: float, swing: float = 0.0):
    """100 signals so much above the others, swinging so much from one to the next (dB)."""
    each = CURVE.test_psnr.to_numpy()[:, None] + SPREAD + above
    return CURVE, each + swing * np.where(np.arange(100) % 2, 1, -1)


@pytest.mark.parametrize("seconds", [1.0, 10.0, 33.0, 100.0])
def test_signals_after_a_time_have_the_curves_mean(seconds):
    found = signals_at(CURVE, EACH, seconds)
    assert found.mean() == pytest.approx(at(CURVE, "seconds", seconds))
    np.testing.assert_allclose(np.diff(found), 3.0)


@pytest.mark.parametrize("seconds", [0.9, 101.0])
def test_nothing_is_extrapolated(seconds):
    assert np.isnan(signals_at(CURVE, EACH, seconds)).all()


def test_a_steady_lead_is_certain_and_one_that_swings_is_a_tie():
    steady = {"LIFT": [kept(0.1)], "Functa": [kept(0.0)]}
    (said,) = certain_ranks(steady, ONE, 50.0)
    assert "LIFT certain; Functa certain (paired bootstrap" in said
    (said,) = certain_ranks({**steady, "LIFT": [kept(0.1, swing=8.0)]}, ONE, 50.0)
    assert "LIFT tied with Functa; Functa tied with LIFT" in said


def test_seeds_are_averaged_signal_by_signal():
    both = [kept(0.1, swing=8.0), kept(0.1, swing=-8.0)]
    kept_by = {"LIFT": both, "Functa": [kept(0.0)]}
    (said,) = certain_ranks(kept_by, {"LIFT": 2, "Functa": 1}, 50.0)
    assert "LIFT certain" in said


def test_seeds_without_signals_are_named():
    kept_by = {"LIFT": [kept(0.1)], "Functa": [kept(0.0)]}
    _, said = certain_ranks(kept_by, {"LIFT": 3, "Functa": 1}, 50.0)
    assert "LIFT 1 of 3" in said
    assert "Functa" not in said


def test_who_has_no_signals_then_or_others_is_not_ranked():
    late = CURVE.assign(seconds=[60.0, 70.0, 80.0]), kept(0.1)[1]
    alone = {"LIFT": [kept(0.0)]}
    assert not list(certain_ranks({**alone, "Functa": [late]}, ONE, 50.0))
    assert not list(certain_ranks({**alone, "Functa": [(CURVE, EACH)]}, ONE, 50.0))
    assert not list(certain_ranks({"LIFT": [kept(0.0), (CURVE, EACH)]}, ONE, 50.0))
    assert not list(certain_ranks(alone, ONE, 50.0))
