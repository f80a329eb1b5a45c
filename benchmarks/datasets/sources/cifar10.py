"""CIFAR-10 (Krizhevsky 2009), complete, from whichever form of it is at hand."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PIL import Image

from benchmarks.datasets.download import fetch
from benchmarks.datasets.errors import DatasetError
from benchmarks.datasets.formats.archives import Folder
from benchmarks.datasets.formats.arrays import read_npz
from benchmarks.datasets.formats.cifar10_batches import BATCHES, batch_bytes, read_batch
from benchmarks.datasets.formats.class_folders import class_folder_split
from benchmarks.datasets.formats.mosaic import Mosaic, mosaic_files
from benchmarks.datasets.formats.pictures import read_rgb
from benchmarks.datasets.location import hashes, located
from benchmarks.datasets.raw import Raw, RawSplit
from benchmarks.settings.dataset import DatasetConfig, Settings

CLASSES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)
FOLDER, ARCHIVE = "cifar-10-batches-py", "cifar-10-python.tar.gz"
URL = f"https://www.cs.toronto.edu/~kriz/{ARCHIVE}"
ARCHIVE_MD5 = "md5:c58f30108f718f92721af3b95e74349a"


class Cifar10Settings(Settings):
    """``path`` holds any of the four forms; ``download`` fetches the archive where none is."""

    path: str = "cifar10"
    download: bool = False
    verify: bool = True
    train: int = 50_000
    test: int = 10_000


def load(config: DatasetConfig) -> Raw:
    """From lossless mosaics, the official pickles or their archive, or PNG files by class.

    Raises:
        DatasetError: no form is complete, or a file is damaged.
    """
    settings = config.settings(Cifar10Settings)
    path = located(settings.path)
    if path.is_file():
        return _batches(path, settings)
    if (path / "train_00.webp").exists():
        return _mosaics(path, config)
    for place in (path, path / FOLDER):
        if (place / BATCHES["test"][0]).exists():
            return _batches(place, settings)
    if (path / "train").is_dir():
        return _pictures(path, config, settings)
    if settings.download:
        fetch(URL, ARCHIVE_MD5, path / ARCHIVE)
    if (path / ARCHIVE).is_file():
        return _batches(path / ARCHIVE, settings)
    raise DatasetError(
        f"{path}: no CIFAR-10 there, expected {ARCHIVE}, the folder {FOLDER}, train_00.webp, or "
        "train/airplane/*.png; put one there (it is under LIFT_DATA), or set source: download: "
        "true to fetch the archive"
    )


def _result(train: RawSplit, test: RawSplit, settings: Cifar10Settings, sources: dict) -> Raw:
    rule = f"official: {train.count:,} / {test.count:,}"
    raw = Raw(train, test, rule, CLASSES, sources)
    return raw.counting(settings.train, settings.test, located(settings.path))


def _mosaics(folder: Path, config: DatasetConfig) -> Raw:
    mosaic = Mosaic(50, 50, config.resolution)
    paths = mosaic_files(folder)
    archive = folder / "labels.npz"
    sources = hashes(folder.parent, [archive, *paths["train"], *paths["test"]])
    labels = read_npz(archive, ("y_train", "y_test"))
    train, test = (
        RawSplit(mosaic.count * len(files), partial(mosaic.stream, files), labels[f"y_{name}"])
        for name, files in paths.items()
    )
    return _result(train, test, config.settings(Cifar10Settings), sources)


def _batches(place: Path, settings: Cifar10Settings) -> Raw:
    """All 60,000 images fit in memory: 184 MB."""
    data, sources = batch_bytes(place, settings.verify)
    splits = {}
    for name, files in BATCHES.items():
        signals, labels = read_batch([(f"{place}/{file}", data[file]) for file in files])
        splits[name] = RawSplit.of(signals, labels)
    return _result(splits["train"], splits["test"], settings, sources)


def _pictures(path: Path, config: DatasetConfig, settings: Cifar10Settings) -> Raw:
    """PNG files below ``train/CLASS`` and ``test/CLASS``: the classes one after another."""

    def pixels(data: bytes, name: str) -> Image.Image:
        image = read_rgb(data, name)
        if image.size != (config.resolution,) * 2:
            size = f"{image.width}x{image.height}"
            raise DatasetError(f"{name}: {size} pixels, expected {config.resolution} a side")
        return image

    files = Folder(path)
    train, test = (class_folder_split(files, name, CLASSES, pixels) for name in ("train", "test"))
    sources = files.fingerprint([n for n in files.listing() if n.startswith(("train/", "test/"))])
    return _result(train, test, settings, sources)
