import numpy as np
import pytest
from PIL import Image

from benchmarks.datasets.errors import DatasetError
from benchmarks.datasets.formats.pictures import reduce_and_crop
from benchmarks.datasets.loaders import load_raw
from benchmarks.settings.dataset import load_dataset_config

from .tiny import config, noise, prepared, save

CLASSES = ["n01440764", "n01443537"]


def settings(path, **source):
    return config("imagenet100-256", 16, path=str(path), classes=CLASSES, **source)


def write(folder):
    for part, count in (("train", 3), ("val", 1)):
        for label, name in enumerate([*CLASSES, "n09999999"]):
            for number in range(count):
                image = noise(1, 24, label * 10 + number)[0]
                save(image, folder / part / name / f"{name}_{number}.JPEG", quality=95)


def test_the_listed_classes_are_read_in_imagenets_layout(tmp_path):
    write(tmp_path / "source")
    dataset = prepared(settings(tmp_path / "source"), tmp_path / "out")
    assert dataset.train.labels.tolist() == [0, 0, 0, 1, 1, 1]
    with Image.open(tmp_path / "source" / "val" / CLASSES[1] / f"{CLASSES[1]}_0.JPEG") as image:
        expected = np.asarray(image.resize((16, 16), Image.Resampling.BICUBIC))
    np.testing.assert_array_equal(dataset.test.signals[1], expected)


def test_the_shorter_side_is_reduced_and_the_middle_kept():
    wide = np.zeros((32, 96, 3), np.uint8)
    wide[:, 32:64] = 200
    cropped = np.asarray(reduce_and_crop(Image.fromarray(wide), 16))
    assert cropped.shape == (16, 16, 3)
    assert (cropped[:, 2:-2] == 200).all()


def test_grayscale_and_cmyk_become_rgb_as_usual_with_imagenet(tmp_path):
    write(tmp_path / "source")
    folder = tmp_path / "source" / "train" / CLASSES[0]
    gray = np.full((24, 24), 77, np.uint8)
    save(gray, folder / f"{CLASSES[0]}_0.JPEG", quality=100)
    Image.new("CMYK", (24, 24), (0, 0, 0, 255)).save(folder / f"{CLASSES[0]}_1.JPEG")
    train = prepared(settings(tmp_path / "source"), tmp_path / "out").train
    assert (train.signals[0] == 77).all()
    assert (train.signals[1] == 0).all()


def test_a_missing_class_folder_and_a_path_that_is_a_file_are_named(tmp_path):
    write(tmp_path / "source")
    for file in (tmp_path / "source" / "val" / CLASSES[1]).iterdir():
        file.unlink()
    with pytest.raises(DatasetError, match=r"val/n01443537/: no picture; expected the 2 class"):
        load_raw(settings(tmp_path / "source"))
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(DatasetError, match=r"file: a file, expected a folder with train/n01440764"):
        load_raw(settings(tmp_path / "file"))


def test_the_usual_list_has_a_hundred_classes():
    classes = load_dataset_config("imagenet100-256").source["classes"]
    assert len(set(classes)) == 100
    assert classes == sorted(classes)
