import io
import sys
import types
import zipfile

import numpy as np
import pytest
from PIL import Image

from benchmarks.datasets.errors import DatasetError
from benchmarks.datasets.loaders import load_raw

from .tiny import config, encoded, noise, prepared, save

IMAGES = noise(6, 128)


def settings(path, name="celebahq64", resolution=None, **source):
    return config(name, resolution, path=str(path), train=4, test=2, **source)


def write(folder, pattern="{:05d}.png", first=1, images=IMAGES, **options):
    for number, image in enumerate(images):
        save(image, folder / pattern.format(number + first), **options)


def bicubic(images, size):
    """Pillow's own reduction, which averages over the pixels that it drops."""
    return np.stack(
        [np.asarray(Image.fromarray(image).resize((size, size), 3)) for image in images]
    )


@pytest.mark.parametrize(("pattern", "first"), [("{:05d}.png", 1), ("{}.webp", 0)])
def test_images_are_split_by_number_and_reduced_with_bicubic(tmp_path, pattern, first):
    options = {"lossless": True} if "webp" in pattern else {}
    write(tmp_path / "source", pattern, first, **options)
    dataset = prepared(settings(tmp_path / "source"), tmp_path / "out")
    np.testing.assert_array_equal(dataset.train.signals, bicubic(IMAGES[:4], 64))
    np.testing.assert_array_equal(dataset.test.signals, bicubic(IMAGES[4:], 64))
    assert dataset.manifest.split_rule == "by number: 1 to 4 train, 5 to 6 test"
    assert not dataset.shareable


def test_pillows_bicubic_filter_averages_over_what_it_drops():
    stripes = np.zeros((128, 128, 3), np.uint8)
    stripes[:, ::2] = 255
    # Taking single pixels would give stripes or one of the two colours.
    assert abs(int(bicubic(stripes[None], 64)[0, 32, 32, 0]) - 128) <= 1


def test_a_zip_of_jpeg_files_gives_what_their_folder_gives(tmp_path):
    with zipfile.ZipFile(tmp_path / "faces.zip", "w") as archive:
        for number, image in enumerate(IMAGES):
            data = encoded(image, "JPEG", quality=95)
            archive.writestr(f"celeba_hq/{number + 1:05d}.jpg", data)
            path = tmp_path / "folder" / f"{number + 1}.jpg"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(data)
    zipped = prepared(settings(tmp_path / "faces.zip"), tmp_path / "a")
    folder = prepared(settings(tmp_path / "folder"), tmp_path / "b")
    np.testing.assert_array_equal(zipped.train.signals, folder.train.signals)
    decoded = np.stack(
        [
            np.asarray(Image.open(io.BytesIO(encoded(image, "JPEG", quality=95))))
            for image in IMAGES[:4]
        ]
    )
    np.testing.assert_array_equal(zipped.train.signals, bicubic(decoded, 64))


def test_the_second_resolution_comes_from_the_same_files(tmp_path):
    write(tmp_path / "source", images=noise(6, 320))
    dataset = prepared(settings(tmp_path / "source", "celebahq256"), tmp_path / "out")
    assert dataset.domain.resolution == 256
    np.testing.assert_array_equal(dataset.test.signals, bicubic(noise(6, 320)[4:], 256))


def failure(path, out, **source):
    with pytest.raises(DatasetError) as caught:
        prepared(settings(path, **source), out)
    return str(caught.value)


def test_numbers_that_are_missing_or_double_are_named(tmp_path):
    source = tmp_path / "source"
    write(source)
    (source / "00003.png").unlink()
    assert "5 numbered images, expected 6 from 1 to 6; number 3 is missing" in failure(
        source, tmp_path / "out"
    )
    save(IMAGES[0], source / "00003.png")
    save(IMAGES[0], source / "3.png")
    assert "00003.png and 3.png have the same number" in failure(source, tmp_path / "out")
    (source / "3.png").rename(source / "three.png")
    assert "three.png: expected a number, such as 00001.jpg" in failure(source, tmp_path / "out")


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((128, 128), np.uint8), "mode L (1 channels), expected RGB"),
        (np.zeros((128, 128, 4), np.uint8), "mode RGBA (4 channels), expected RGB"),
        (np.zeros((128, 100, 3), np.uint8), "100x128 pixels, expected a square of 64 or more"),
        (np.zeros((32, 32, 3), np.uint8), "32x32 pixels, expected a square of 64 or more"),
    ],
)
def test_a_picture_of_another_kind_is_named(tmp_path, image, message):
    write(tmp_path / "source")
    save(image, tmp_path / "source" / "00002.png")
    assert f"source/00002.png: {message}" in failure(tmp_path / "source", tmp_path / "out").replace(
        "a picture of ", ""
    )


def test_a_truncated_picture_or_archive_is_named(tmp_path):
    write(tmp_path / "source", "{:05d}.jpg")
    path = tmp_path / "source" / "00002.jpg"
    path.write_bytes(path.read_bytes()[:500])
    assert "00002.jpg: not a readable picture" in failure(tmp_path / "source", tmp_path / "out")
    archive = tmp_path / "cut.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("00001.png", encoded(IMAGES[0], "PNG"))
    archive.write_bytes(archive.read_bytes()[:-30])
    assert "cut.zip: not a readable zip archive" in failure(archive, tmp_path / "out")


def test_a_path_of_another_kind_is_named(tmp_path):
    (tmp_path / "list.txt").write_text("", encoding="utf-8")
    assert "list.txt: a file of kind '.txt', expected a folder or zip" in failure(
        tmp_path / "list.txt", tmp_path / "out"
    )
    assert "nowhere: nothing, expected a folder or zip with the 6 CelebA-HQ images" in failure(
        tmp_path / "nowhere", tmp_path / "out"
    )


def test_a_hugging_face_name_reads_rows_in_order(tmp_path, monkeypatch):
    """With a stand-in for the package: what is tested is which rows become which signals."""

    class Rows(list):
        column_names = ("image",)
        _fingerprint = "abc"

    rows = Rows({"image": Image.fromarray(image)} for image in IMAGES)
    package = types.SimpleNamespace(load_dataset=lambda name, split: rows)
    monkeypatch.setitem(sys.modules, "datasets", package)
    dataset = prepared(settings(tmp_path, huggingface="someone/faces"), tmp_path / "out")
    np.testing.assert_array_equal(dataset.test.signals, bicubic(IMAGES[4:], 64))
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(DatasetError, match="huggingface: someone/faces: needs the package"):
        load_raw(settings(tmp_path, huggingface="someone/faces"))
