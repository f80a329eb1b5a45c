"""Surfaces and Chamfer distances: closed forms, trimesh, and brute force."""

import numpy as np
import pytest
import torch
import trimesh

from benchmarks.metrics import chamfer as chamfer_module
from benchmarks.metrics.chamfer import chamfer, chamfer_matrix, set_metrics
from benchmarks.metrics.shape_generation import measure_shapes
from benchmarks.metrics.surface import surface_mesh, surface_points

CPU = torch.device("cpu")


def ball(radius: float, size: int = 32) -> np.ndarray:
    """Smooth occupancy of a ball in the middle, 1/2 on its surface."""
    axis = (np.arange(size) + 0.5) / size - 0.5
    distance = np.sqrt(sum(np.square(a) for a in np.meshgrid(axis, axis, axis)))
    return np.clip(0.5 + (radius - distance) * size / 4, 0, 1)


def brute(first, second):
    squared = np.square(first[:, None] - second[None]).sum(-1)
    return squared.min(1).mean() + squared.min(0).mean()


def test_the_surface_of_a_ball_lies_on_its_radius():
    points = surface_points(ball(0.3), np.random.default_rng(0))
    assert points.shape == (2048, 3)
    assert np.linalg.norm(points, axis=1) == pytest.approx(np.full(2048, 0.3), abs=2e-3)
    assert points.mean(0) == pytest.approx(np.zeros(3), abs=0.02)


def test_area_and_closure_agree_with_trimesh():
    mesh = trimesh.Trimesh(*surface_mesh(ball(0.3)))
    assert mesh.is_watertight
    assert mesh.area == pytest.approx(4 * np.pi * 0.3**2, rel=0.01)


def test_points_are_spread_by_area():
    box = np.zeros((32, 32, 32))
    box[8:24, 14:18, 14:18] = 1
    vertices, faces = surface_mesh(box)
    mesh = trimesh.Trimesh(vertices, faces)
    ends = np.abs(mesh.triangles_center[:, 0]) > 0.24
    share = mesh.area_faces[ends].sum() / mesh.area
    points = surface_points(box, np.random.default_rng(0), 20_000)
    assert np.mean(np.abs(points[:, 0]) > 0.24) == pytest.approx(share, abs=0.02)


def test_a_shape_at_the_border_is_closed_there():
    assert trimesh.Trimesh(*surface_mesh(np.ones((8, 8, 8)))).is_watertight
    assert surface_mesh(np.ones((8, 8, 8)))[0].max() == pytest.approx(0.5)


def test_nothing_has_no_surface():
    assert surface_points(np.full((8, 8, 8), 0.4), np.random.default_rng(0)) is None


def test_chamfer_of_a_shifted_set_is_twice_the_squared_shift():
    grid = np.stack(np.meshgrid(*[np.arange(5.0)] * 3), -1).reshape(-1, 3)
    assert chamfer(grid, grid + np.array([0.1, 0, 0])) == pytest.approx(2 * 0.1**2, rel=1e-9)


def test_chamfer_equals_brute_force():
    rng = np.random.default_rng(2)
    sets = [rng.normal(size=(n, 3)) for n in (60, 90, 75)]
    matrix = chamfer_matrix(sets[:2], sets, CPU)
    for row, first in enumerate(sets[:2]):
        for column, second in enumerate(sets):
            assert matrix[row, column] == pytest.approx(brute(first, second), rel=1e-10)


def test_chamfer_in_blocks_equals_that_of_trees(monkeypatch):
    """The path of a GPU, here on a CPU: three sets of 50 points, two at a time."""
    monkeypatch.setattr(chamfer_module, "BLOCK_BYTES", 2 * 4 * 70 * 50)
    rng = np.random.default_rng(3)
    first = [rng.normal(size=(n, 3)) for n in (40, 70)]
    second = [rng.normal(size=(50, 3)) for _ in range(3)]
    expected = chamfer_module.tree_matrix(first, second, CPU)
    found = chamfer_module.blocked_matrix(first, second, CPU)
    assert found == pytest.approx(expected, rel=1e-6)


def test_coverage_and_matching_distance_of_a_known_matrix():
    matrix = np.array([[1.0, 5.0, 9.0], [2.0, 6.0, 8.0], [7.0, 3.0, 4.0]])
    found = set_metrics(matrix)  # nearest references: 0, 0, 1
    assert found.coverage == pytest.approx(2 / 3)
    assert found.mmd == pytest.approx((1 + 3 + 4) / 3)


def test_an_empty_sample_covers_nothing_and_is_counted():
    shapes = np.stack([ball(0.2, 16), ball(0.35, 16)])
    generated = np.stack([shapes[0], np.zeros((16, 16, 16))])
    metrics = {
        metric.name: metric for metric in measure_shapes(iter(generated), iter(shapes), 0, CPU)
    }
    assert metrics["coverage"].value == 0.5
    assert metrics["empty_samples"].value == 1
    assert metrics["coverage"].samples == 2
    assert "1 of 2 samples have no surface" in metrics["mmd"].note


def test_a_shape_s_points_do_not_depend_on_the_others(monkeypatch):
    drawn = []

    def kept(shape, generator):
        drawn.append(surface_points(shape, generator))
        return drawn[-1]

    monkeypatch.setattr("benchmarks.metrics.shape_generation.surface_points", kept)
    shapes = np.stack([ball(radius, 16) for radius in (0.15, 0.25, 0.4)])
    measure_shapes(shapes, shapes, 0, CPU)
    measure_shapes(shapes[:2], shapes[1:], 0, CPU)
    assert np.array_equal(drawn[1], drawn[7])
    assert not np.array_equal(drawn[0], drawn[3])  # one shape in two sets


def test_the_set_itself_covers_itself():
    shapes = np.stack([ball(radius, 16) for radius in (0.15, 0.25, 0.4)])
    metrics = {metric.name: metric.value for metric in measure_shapes(shapes, shapes, 0, CPU)}
    assert metrics["coverage"] == 1.0
    assert metrics["mmd"] < 1e-3


def test_samples_that_are_all_empty_have_no_matching_distance():
    metrics = {
        m.name: m.value for m in measure_shapes(np.zeros((2, 8, 8, 8)), ball(0.3, 8)[None], 0, CPU)
    }
    assert metrics["mmd"] is None
    assert metrics["coverage"] == 0.0
