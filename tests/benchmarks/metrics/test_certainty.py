"""A paired bootstrap, on cases whose answer is known without one."""

import numpy as np
from scipy.stats import bootstrap

from benchmarks.metrics.certainty import ties

SIGNALS = np.random.default_rng(1).normal(30, 3, 200)


def test_identical_methods_are_tied_however_many_signals():
    assert ties({"a": SIGNALS, "b": SIGNALS.copy()}) == {"a": ["b"], "b": ["a"]}


def test_a_constant_offset_is_certain_though_far_smaller_than_the_spread():
    assert ties({"a": SIGNALS, "b": SIGNALS + 0.01}) == {"a": [], "b": []}


def test_an_offset_of_two_signals_in_many_is_tied():
    other = SIGNALS.copy()
    other[:2] += 10
    assert ties({"a": SIGNALS, "b": other})["a"] == ["b"]


def test_a_method_is_tied_with_some_and_apart_from_others():
    noisy = SIGNALS + np.random.default_rng(2).normal(0, 1, 200)
    found = ties({"a": SIGNALS, "far": SIGNALS - 5, "near": noisy})
    assert found == {"a": ["near"], "far": [], "near": ["a"]}


def test_it_says_what_scipys_bootstrap_of_the_differences_says():
    rng = np.random.default_rng(3)
    for mean in (0.0, 0.1, 0.15, 0.3, 0.6):
        differences = rng.normal(mean, 1, 150)
        interval = bootstrap(
            (differences,), np.mean, n_resamples=10_000, method="percentile", rng=0
        ).confidence_interval
        apart = not interval.low <= 0 <= interval.high
        assert (ties({"a": SIGNALS[:150], "b": SIGNALS[:150] + differences})["a"] == []) == apart


def test_one_method_has_nothing_to_be_compared_with():
    assert ties({"a": SIGNALS}) == {"a": []}
    assert ties({}) == {}
