"""Draws are pure functions of the seed and the step."""

import numpy as np
import pytest
import torch

from lift import Domain, regions
from lift.sampling import batch_indices, jittered_points, ordered_batches, signals_at_once


def test_an_epoch_visits_every_signal_once():
    epoch = np.concatenate([batch_indices(step, 4, 12, seed=0) for step in range(3)])
    assert sorted(epoch.tolist()) == list(range(12))
    following = np.concatenate([batch_indices(step, 4, 12, seed=0) for step in range(3, 6)])
    assert sorted(following.tolist()) == list(range(12))
    assert following.tolist() != epoch.tolist()


def test_batches_do_not_depend_on_what_was_drawn_before():
    wanted = batch_indices(1000, 5, 33, seed=7).tolist()
    for step in (3, 999, 2000):
        batch_indices(step, 5, 33, seed=7)
    assert batch_indices(1000, 5, 33, seed=7).tolist() == wanted
    assert batch_indices(1000, 5, 33, seed=8).tolist() != wanted


def test_a_batch_larger_than_the_data_takes_everything():
    assert sorted(batch_indices(5, 16, 3, seed=0).tolist()) == [0, 1, 2]


@pytest.mark.parametrize(("count", "batch"), [(10, 4), (8, 4), (3, 5)])
def test_ordered_batches_have_one_size_and_visit_every_signal_once(count, batch):
    batches = list(ordered_batches(count, batch))
    assert {len(indices) for indices, _ in batches} == {min(count, batch)}
    assert [i for indices, kept in batches for i in indices[:kept]] == list(range(count))


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_jittered_points_are_one_in_every_block(dimensions):
    domain = Domain(dimensions, 8, 1)
    points = jittered_points(domain, 4, step=3, seed=0)
    axes = np.stack(np.unravel_index(points, (8,) * dimensions)) // 4
    blocks = np.ravel_multi_index(tuple(axes), (2,) * dimensions)
    assert sorted(blocks.tolist()) == list(range(2**dimensions))
    assert points.tolist() != jittered_points(domain, 4, step=4, seed=0).tolist()


def test_jittered_points_fill_regions_evenly_without_padding():
    domain = Domain(2, 16, 1)
    points = jittered_points(domain, 2, step=0, seed=0)
    local, _ = regions.locate(domain.grid()[:, points], 4)
    assert local.shape == (1, 16, 4, 2)


def test_over_many_steps_every_point_is_drawn():
    domain = Domain(2, 4, 1)
    drawn = {p for step in range(60) for p in jittered_points(domain, 2, step, seed=0).tolist()}
    assert drawn == set(range(16))


def test_the_stride_must_divide_the_resolution():
    with pytest.raises(ValueError, match="stride: 3 does not divide the resolution 8"):
        jittered_points(Domain(2, 8, 1), 3, step=0, seed=0)


def test_a_cpu_takes_as_many_signals_as_suit_its_memory():
    cpu, cuda = torch.device("cpu"), torch.device("cuda")
    image, shape = Domain(2, 64, 3), Domain(3, 64, 1)
    assert signals_at_once(image, cpu, 32) == 4
    assert signals_at_once(image, cpu, 2) == 2
    assert signals_at_once(shape, cpu, 32) == 1  # more points than that, but never none
    assert signals_at_once(shape, cuda, 32) == 32
