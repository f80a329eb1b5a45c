import numpy as np
import pytest

from benchmarks.datasets.errors import DatasetError
from benchmarks.datasets.loaders import load_raw
from benchmarks.datasets.sources import embedded_images, embedded_voxels

from .tiny import config


def signals(split):
    return np.concatenate(list(split.chunks(0)))


def test_crops_are_classes_of_photographs_with_content():
    raw = load_raw(config("embedded-images"))
    train = signals(raw.train)
    assert train.shape == (960, 32, 32, 3)
    assert raw.test.count == 192
    assert len(raw.classes) == 12
    assert np.bincount(raw.train.labels).tolist() == [80] * 12
    assert train.std((1, 2)).mean(1).min() >= embedded_images.CONTENT
    assert len(np.unique(train, axis=0)) == 960


def test_training_and_test_crops_share_no_area(monkeypatch):
    """Every photograph is replaced by one whose red channel tells the column."""
    seen = {}

    def columns(part, count, size, rng):
        seen.setdefault(part.shape, []).append((part[0, 0, 0], part[0, -1, 0]))
        return np.zeros((count, size, size, 3), np.uint8)

    photograph = np.zeros((64, 128, 3), np.uint8)
    photograph[..., 0] = np.arange(128)

    class Picture:
        def convert(self, mode):
            return photograph

    monkeypatch.setattr(embedded_images, "crops", columns)
    monkeypatch.setattr(embedded_images.Image, "open", lambda path: Picture())
    load_raw(config("embedded-images"))
    assert set(seen[64, 96, 3]) == {(0, 95)}
    assert set(seen[64, 32, 3]) == {(96, 127)}


def test_a_resolution_larger_than_a_part_of_a_photograph_is_refused_by_name():
    with pytest.raises(DatasetError, match="embedded-images: resolution 150, expected at most"):
        load_raw(config("embedded-images", 150))


def test_a_crop_is_reduced_by_the_mean_of_blocks():
    photograph = np.zeros((64, 64, 3), np.uint8)
    photograph[::2] = 200
    rng = np.random.default_rng(0)
    taken = [embedded_images.random_crop(photograph, 32, rng) for _ in range(20)]
    # The whole at half its size, or every second line as it is.
    assert {tuple(np.unique(crop)) for crop in taken} == {(100,), (0, 200)}


@pytest.mark.parametrize("name", embedded_voxels.SHAPES)
def test_every_category_has_volume_and_varies(name):
    shapes = [embedded_voxels.draw(name, 16, np.random.default_rng(k)) for k in range(3)]
    assert all(0.005 < shape.mean() < 0.6 for shape in shapes)
    assert len({shape.tobytes() for shape in shapes}) == 3


def test_shapes_are_the_same_every_time():
    first, second = (load_raw(config("embedded-voxels")) for _ in range(2))
    np.testing.assert_array_equal(signals(first.test), signals(second.test))
    assert (first.train.count, first.test.count) == (320, 64)
