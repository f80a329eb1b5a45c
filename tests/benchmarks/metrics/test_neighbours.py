"""Nearest training rows, against scipy's tree and the two extremes of copying."""

import numpy as np
import pytest
import torch
from scipy.spatial import cKDTree

from benchmarks.metrics.neighbours import copying_ratio, nearest

RNG = np.random.default_rng(0)
ROWS, QUERIES = (torch.from_numpy(RNG.normal(size=(count, 5))) for count in (400, 60))


def test_neighbours_are_those_of_a_tree():
    distance, index = cKDTree(ROWS.numpy()).query(QUERIES.numpy())
    found = nearest(QUERIES, ROWS)
    assert found.row.tolist() == index.tolist()
    np.testing.assert_allclose(found.distance, distance, rtol=1e-12)


def test_a_row_does_not_find_itself():
    distance, index = cKDTree(ROWS.numpy()).query(ROWS.numpy(), k=2)
    found = nearest(ROWS, ROWS, skip=torch.arange(400))
    assert found.row.tolist() == index[:, 1].tolist()
    np.testing.assert_allclose(found.distance, distance[:, 1], rtol=1e-12)


def test_copies_have_ratio_zero_and_fresh_draws_one():
    assert copying_ratio(ROWS[:50], ROWS) == 0
    fresh = torch.from_numpy(RNG.normal(size=(400, 5)))
    assert copying_ratio(fresh, ROWS) == pytest.approx(1, abs=0.1)
