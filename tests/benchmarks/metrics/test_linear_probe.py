"""The linear probe that stands beside every head."""

import numpy as np

from benchmarks.metrics.linear_probe import linear_probe


def test_a_linear_probe_separates_what_a_hyperplane_can():
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 3
    signals = 0.1 * rng.standard_normal((60, 5)) + 2 * np.eye(5)[labels]
    (predicted,) = linear_probe(signals[:30], labels[:30], signals[30:])
    assert (predicted == labels[30:]).all()
