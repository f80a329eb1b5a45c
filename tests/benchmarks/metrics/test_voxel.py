"""Reconstruction metrics of occupancy grids, on shapes that can be counted by hand."""

import torch

from benchmarks.metrics.voxel import accuracy, by_rule, iou, masked_mean, whole_grid
from lift.psnr import psnr


def grid(*occupied):
    values = torch.zeros(1, 8, 1)
    values[0, list(occupied)] = 1
    return values


def test_iou_of_known_sets():
    assert iou(grid(0, 1, 2), grid(1, 2, 3)).tolist() == [0.5]
    assert iou(grid(), grid()).tolist() == [1.0]
    assert iou(grid(1), grid()).tolist() == [0.0]


def test_accuracy_counts_both_sides():
    assert accuracy(grid(0, 1, 2), grid(1, 2, 3)).tolist() == [0.75]
    mask = torch.tensor([[1, 0, 0, 0, 1, 0, 0, 0]], dtype=torch.bool)
    assert accuracy(grid(0, 1, 2), grid(1, 2, 3), mask).tolist() == [0.5]


def test_a_mean_over_nothing_is_not_a_number():
    assert masked_mean(torch.ones(1, 4), torch.zeros(1, 4, dtype=torch.bool)).isnan().all()


def test_psnr_of_known_errors():
    assert psnr(torch.tensor([0.1, 0.01, 0.0])).tolist() == [10.0, 20.0, 80.0]


def test_near_surface_error_ignores_what_is_far_away():
    target = torch.zeros(1, 16, 16, 16)
    target[:, 6:10, 6:10, 6:10] = 1
    wrong_far = target.clone()
    wrong_far[:, 0, 0, 0] = 1
    metrics = by_rule(wrong_far, target)
    assert metrics["mse_near_surface"].item() == 0
    assert metrics["accuracy_near_surface"].item() == 1
    # An error on the surface weighs more there than on the whole grid.
    wrong_near = target.clone()
    wrong_near[:, 6, 6, 6] = 0
    near = by_rule(wrong_near, target)["mse_near_surface"]
    assert near > 10 * (wrong_near - target).square().mean()


def test_a_shape_without_a_surface_has_no_chamfer_distance():
    target = torch.zeros(2, 16, 16, 16)
    target[:, 6:10, 6:10, 6:10] = 1
    prediction = target.clone()
    prediction[1] = 0.3
    distances = whole_grid(prediction, target, [0, 1])["chamfer"]
    assert distances[0] < 1e-3
    assert distances[1].isnan()


def boxes(*sides):
    shapes = torch.zeros(len(sides), 16, 16, 16)
    for shape, side in zip(shapes, sides, strict=True):
        shape[4 : 4 + side, 4:10, 4:10] = 1
    return shapes


def test_the_chamfer_distance_does_not_depend_on_the_batch():
    prediction, target, positions = boxes(4, 5, 6, 7), boxes(4, 6, 5, 8), [3, 9, 4, 0]
    whole = whole_grid(prediction, target, positions)["chamfer"]
    parts = [
        whole_grid(prediction[part], target[part], positions[part])["chamfer"]
        for part in (slice(0, 1), slice(1, 4))
    ]
    assert torch.equal(whole, torch.cat(parts))


def test_two_samplings_of_one_surface_are_apart():
    """``n`` points on a surface of area A: 2 A / (pi n) in the mean, of both directions."""
    shape = boxes(6)
    distance = whole_grid(shape, shape, [0])["chamfer"].item()
    area = 6 * (6 / 16) ** 2
    assert 0.8 < distance / (2 * area / (torch.pi * 2048)) < 1.2
