"""Sheets of named rows, and the figures of stage 2."""

import numpy as np
import pytest
from PIL import Image

from benchmarks.figures.generation import counts_figure, loss_figure
from benchmarks.figures.png import LIMIT_BYTES
from benchmarks.figures.signal_sheet import in_rows, signal_sheet


def test_images_are_shown_as_they_are(tmp_path):
    colors = np.array([[0.2, 0.4, 0.8], [0.9, 0.1, 0.3]])
    images = np.broadcast_to(colors[:, None, None], (2, 8, 8, 3))
    signal_sheet([("first", images), ("second", images[::-1])], tmp_path / "s.png", up=1)
    picture = np.asarray(Image.open(tmp_path / "s.png").convert("RGB")).astype(float) / 255
    height, width = picture.shape[:2]
    for row, order in ((0.25, (0, 1)), (0.75, (1, 0))):
        for place, which in zip((0.4, 0.8), order, strict=True):
            pixel = picture[int(row * height), int(place * width)]
            np.testing.assert_allclose(pixel, colors[which], atol=0.01)


def test_voxels_of_the_data_have_their_own_color_and_empty_ones_are_named(tmp_path):
    cube = np.zeros((2, 12, 12, 12, 1))
    cube[:, 3:9, 3:9, 3:9] = 1
    signal_sheet([("data", cube), ("samples", cube)], tmp_path / "s.png", up=2, data=["data"])
    picture = np.asarray(Image.open(tmp_path / "s.png").convert("RGB")).astype(float)
    half = len(picture) // 2
    warmth = [(part[..., 0] - part[..., 2]).mean() for part in (picture[:half], picture[half:])]
    assert warmth[0] < 0 < warmth[1]  # bluish originals, orange samples
    signal_sheet([("empty", 0 * cube)], tmp_path / "e.png", up=2)
    assert (tmp_path / "e.png").exists()


def test_rows_that_differ_or_hold_nothing_are_refused(tmp_path):
    images = np.zeros((3, 4, 4, 3))
    for rows in ([("a", images), ("b", images[:2])], [("a", images[:0])]):
        with pytest.raises(ValueError, match="expected one, not empty"):
            signal_sheet(rows, tmp_path / "s.png", up=1)


def test_samples_fill_rows():
    images = np.arange(10).reshape(10, 1, 1, 1)
    rows = in_rows("samples", images, 4)
    assert [row.ravel().tolist() for _, row in rows] == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert [row.ravel().tolist() for _, row in in_rows("few", images[:3], 4)] == [[0, 1, 2]]


def test_figures_of_a_training_and_of_sample_counts_stay_small(tmp_path):
    rows = [{"signals": 64.0 * n, "loss": 1 / n} for n in range(1, 50)]
    loss_figure(rows, tmp_path / "loss.png", "a denoiser")
    counts_figure({"fd": [(25, 9.0), (50, 7.0), (100, 6.5)]}, tmp_path / "counts.png", "samples")
    for name in ("loss", "counts"):
        assert 1000 < (tmp_path / f"{name}.png").stat().st_size < LIMIT_BYTES
    with pytest.raises(ValueError, match="no metrics"):
        counts_figure({}, tmp_path / "none.png", "nothing")
