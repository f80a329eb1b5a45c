"""Augmented copies: what may change, what may not, and that a copy is always the same."""

import numpy as np
import pytest
import torch

from benchmarks.datasets.augmentation import Augmentation, crop_and_flip
from lift.field import Domain

IMAGES = Augmentation(Domain(2, 8, 3), "image", 1, 40, 0)
VOXELS = Augmentation(Domain(3, 4, 1), "voxel", 1, 40, 0)


def signals(augmentation, count=40):
    generator = torch.Generator().manual_seed(1)
    shape = (count, augmentation.domain.points, augmentation.domain.channels)
    return torch.rand(shape, generator=generator)


@pytest.mark.parametrize("augmentation", [IMAGES, VOXELS], ids=["images", "voxels"])
def test_copy_zero_is_the_original_and_others_are_not(augmentation):
    values, everything = signals(augmentation), np.arange(40)
    assert torch.equal(augmentation.apply(values, everything, 0), values)
    one, two = (augmentation.apply(values, everything, copy) for copy in (1, 2))
    assert not torch.equal(one, values)
    assert not torch.equal(one, two)


@pytest.mark.parametrize("augmentation", [IMAGES, VOXELS], ids=["images", "voxels"])
def test_a_copy_does_not_depend_on_its_batch(augmentation):
    values = signals(augmentation)
    whole = augmentation.apply(values, np.arange(40), 3)
    some = np.array([31, 4, 17])
    assert torch.equal(augmentation.apply(values[some], some, 3), whole[some])


def test_a_crop_is_a_window_of_the_padded_picture():
    picture = torch.arange(8.0 * 8).reshape(8, 8, 1) + 1
    assert torch.equal(crop_and_flip(picture, np.array([4, 4, 0])), picture)
    assert torch.equal(crop_and_flip(picture, np.array([4, 4, 1])), picture.flip(1))
    shifted = crop_and_flip(picture, np.array([0, 8, 0]))
    assert torch.equal(shifted[4:, :4], picture[:4, 4:])
    assert shifted[:4].sum() == shifted[:, 4:].sum() == 0


def test_turned_voxels_keep_their_height_and_their_matter():
    values = signals(VOXELS)
    turned = VOXELS.apply(values, np.arange(40), 1)
    heights, before = (v.reshape(40, 4, 4, 4).sum((1, 3)) for v in (turned, values))
    assert torch.allclose(heights, before, atol=1e-5)
    poses = {tuple(row) for row in turned.reshape(40, -1)[:, :3].tolist()}
    assert len(poses) == 40


def test_all_eight_poses_occur():
    corner = torch.zeros(1, 64, 1)
    corner[0, 1] = 1.0
    many = Augmentation(VOXELS.domain, "voxel", 1, 400, 0)
    turned = many.apply(corner.expand(400, -1, -1).clone(), np.arange(400), 1)
    assert len({int(row.argmax()) for row in turned.flatten(1)}) == 8
