"""Pictures: what they hold can be read back from the file, and what cannot be drawn is refused."""

import numpy as np
import pytest
from PIL import Image

from benchmarks.figures.png import LIMIT_BYTES
from benchmarks.figures.reconstruction import reconstruction_sheet, voxel_sheet
from benchmarks.figures.shading import camera, framing, shade

GREY = (0.5, 0.5, 0.5)


def ball(resolution: int = 32, radius: float = 10) -> np.ndarray:
    axis = np.arange(resolution) - (resolution - 1) / 2
    x, y, z = np.meshgrid(axis, axis, axis, indexing="ij")
    return np.clip(radius - np.sqrt(x**2 + y**2 + z**2) + 0.5, 0, 1)


@pytest.mark.parametrize("up", [0, 1, 2])
def test_camera_is_a_rotation_that_keeps_up_upwards(up: int) -> None:
    rotation = camera(up)
    np.testing.assert_allclose(rotation.T @ rotation, np.eye(3), atol=1e-12)
    assert np.linalg.det(rotation) == pytest.approx(1)  # no mirror image
    right, down, _ = rotation.T
    assert right[up] == pytest.approx(0)
    assert down[up] < 0


def test_a_ball_covers_the_disc_of_its_radius() -> None:
    shape = ball(radius=10)
    frame = framing([shape])
    picture = shade(shape, GREY, frame, pixels=200)
    area = picture[..., 3].sum() * (frame.side / 200) ** 2
    assert area == pytest.approx(np.pi * 10**2, rel=0.02)


def test_a_ball_is_lit_from_above() -> None:
    shape = ball()
    brightness = shade(shape, GREY, framing([shape]), pixels=64)[..., 0]
    assert brightness[12:24].max() > 1.3 * brightness[44:56].max()


def test_an_empty_shape_gives_an_empty_picture() -> None:
    empty = np.zeros((16, 16, 16))
    assert not shade(empty, GREY, framing([empty]), pixels=32).any()


def test_voxel_sheet_with_an_empty_and_an_undefined_reconstruction(tmp_path) -> None:
    shapes = np.stack([ball(16, 5), ball(16, 6)])
    reconstructions = np.stack([np.zeros((16, 16, 16)), np.full((16, 16, 16), np.nan)])
    voxel_sheet(shapes, reconstructions, tmp_path / "sheet.png")
    assert Image.open(tmp_path / "sheet.png").width > 200


def test_sheet_of_noise_stays_below_the_limit(tmp_path) -> None:
    images = np.random.default_rng(0).random((10, 64, 64, 3))
    reconstruction_sheet(images, images[::-1], [3.0] * 10, tmp_path / "sheet.png")
    assert (tmp_path / "sheet.png").stat().st_size < LIMIT_BYTES
    assert [path.name for path in tmp_path.iterdir()] == ["sheet.png"]


def test_perfect_reconstruction_shows_black_errors(tmp_path) -> None:
    images = np.ones((2, 8, 8, 1))
    reconstruction_sheet(images, images, [80.0, 80.0], tmp_path / "sheet.png")
    pixels = np.asarray(Image.open(tmp_path / "sheet.png").convert("L"))
    column = pixels[:, pixels.shape[1] // 4]
    thirds = [column[int(part * len(column) / 7)] for part in (1, 3, 5)]
    assert thirds == [255, 255, 0]


def test_sheet_refuses_different_shapes(tmp_path) -> None:
    with pytest.raises(ValueError, match="expected the same 4-dimensional shape"):
        reconstruction_sheet(np.zeros((2, 8, 8, 3)), np.zeros((2, 9, 9, 3)), [1, 1], tmp_path / "x")
    with pytest.raises(ValueError, match="1 values for 2 images"):
        reconstruction_sheet(np.zeros((2, 8, 8, 3)), np.zeros((2, 8, 8, 3)), [1], tmp_path / "x")
