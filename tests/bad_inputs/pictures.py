"""Pictures, folders and archives of them, and CIFAR-10's own forms."""

import io
import os
import pickle
import tarfile
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.datasets.formats.cifar10_batches import BATCHES, read_batch
from benchmarks.datasets.formats.mosaic import Mosaic
from benchmarks.datasets.formats.pictures import read_rgb
from benchmarks.datasets.loaders import load_raw
from benchmarks.datasets.raw import Raw
from benchmarks.datasets.sources.cifar10 import CLASSES
from tests.bad_inputs.case import Case
from tests.benchmarks.datasets.pngs import chunk, png
from tests.benchmarks.datasets.tiny import cifar_batch, config, encoded, noise, prepared, save

PICTURE = noise(1, 64)[0]
SQUARE = 64
PNG, JPEG = encoded(PICTURE, "PNG"), encoded(PICTURE, "JPEG")


def damaged(data: bytes, place: int) -> bytes:
    """One byte is another one."""
    return data[:place] + bytes([data[place] ^ 255]) + data[place + 1 :]


def huge() -> bytes:
    """A BMP file whose header claims 196 million pixels."""
    data = bytearray(encoded(PICTURE, "BMP"))
    data[18:26] = np.array([14_000, 14_000], "<i4").tobytes()
    return bytes(data)


def written(image: Image.Image, form: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def clear(mode: str) -> bytes:
    """A picture with a transparent pixel."""
    image = Image.fromarray(PICTURE)
    if mode == "RGBA":
        image.putalpha(100)
        return written(image, "PNG")
    if mode == "P":
        palette = image.quantize(8)
        return written(palette, "PNG", transparency=int(np.asarray(palette)[0, 0]))
    return written(image, "PNG", transparency=tuple(PICTURE[0, 0].tolist()))


def picture(data: bytes, name: str = "00002.png", modes: str = "strict"):
    return lambda folder: read_rgb(data, name, modes)


def faces(change, name: str = "faces"):
    """Six numbered faces in a folder, after something was changed there."""

    def give(folder: Path) -> object:
        for number in range(1, 7):
            save(PICTURE, folder / "faces" / f"{number:05d}.png")
        change(folder / "faces")
        path = str(folder / name)
        return prepared(config("celebahq64", path=path, train=4, test=2), folder / "out")

    return give


def zipped(spoil):
    def change(folder: Path) -> None:
        path = folder.parent / "faces.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for file in sorted(folder.iterdir()):
                archive.writestr(zipfile.ZipInfo(file.name), file.read_bytes())
        path.write_bytes(spoil(path.read_bytes()))

    return faces(change, "faces.zip")


def cifar(change, **source: object):
    """The six batches of two pictures each, after something was changed there."""

    def give(folder: Path) -> Raw:
        place = folder / "cifar10"
        place.mkdir()
        for name in (name for names in BATCHES.values() for name in names):
            (place / name).write_bytes(cifar_batch(noise(2, 32), [0, 1]))
        change(place)
        settings = {"path": str(place), "verify": False, "train": 10, "test": 2} | source
        return load_raw(config("cifar10", **settings))

    return give


def empty(folder: Path) -> None:
    for file in folder.iterdir():
        file.unlink()


def by_class(folder: Path, size: int, classes: int) -> None:
    empty(folder)
    for part in ("train", "test"):
        for name in CLASSES[:classes]:
            save(noise(1, size)[0], folder / part / name / "0.png")


def cut_archive(folder: Path) -> Raw:
    path = folder / "cifar-10-python.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        entry = tarfile.TarInfo("cifar/data_batch_1")
        entry.size = len(PNG)
        archive.addfile(entry, io.BytesIO(PNG))
    path.write_bytes(path.read_bytes()[:500])
    return load_raw(config("cifar10", path=str(path)))


class Attack:
    """A pickle that would run a command."""

    def __reduce__(self):
        return os.system, ("echo never",)


def imagenet(change):
    def give(folder: Path) -> Raw:
        for part in ("train", "val"):
            for name in ("n1", "n2"):
                save(PICTURE, folder / "imagenet" / part / name / "0.JPEG")
        change(folder / "imagenet")
        path = str(folder / "imagenet")
        return load_raw(config("imagenet100-256", path=path, classes=["n1", "n2"]))

    return give


def mosaic(data: bytes | None):
    def give(folder: Path) -> object:
        path = folder / "train_00.webp"
        if data is not None:
            path.write_bytes(data)
        return Mosaic(20, 25, 64).tiles(path)

    return give


CASES = [
    Case("an empty file", picture(b"")),
    Case("text in a file called `.png`", picture(b"hello")),
    Case("a GIF in a file called `.png`", picture(written(Image.fromarray(PICTURE), "GIF"))),
    Case("a JPEG file cut in half", picture(JPEG[: len(JPEG) // 2], "00002.jpg")),
    Case("a PNG file with one wrong byte", picture(damaged(PNG, 5000))),
    Case("a BMP header that claims 14,000 pixels a side", picture(huge(), "00002.bmp")),
    Case("a grey picture where RGB is expected", picture(encoded(PICTURE[..., 0], "PNG"))),
    Case("an alpha channel that is not opaque", picture(clear("RGBA"), "a.png", "convert")),
    Case("a palette with a transparent colour", picture(clear("P"), "a.png", "convert")),
    Case("RGB with a transparent colour", picture(clear("RGB"), "a.png", "convert")),
    Case("a PNG file that lacks rows", picture(png(SQUARE, 8, 2, SQUARE // 2))),
    Case("a palette that is not there", picture(png(SQUARE, 8, 3), "a.png", "convert")),
    Case(
        "a transparent colour of 16 bits",
        picture(png(SQUARE, 16, 2, between=chunk(b"tRNS", bytes(6)))),
    ),
    Case("no folder of faces", faces(lambda f: None, "nowhere")),
    Case("a folder without a picture", faces(empty)),
    Case("a list instead of a folder", faces(lambda f: (f / "list.txt").touch(), "faces/list.txt")),
    Case("a face that is not square", faces(lambda f: save(PICTURE[:50], f / "00003.png"))),
    Case("a face that is too small", faces(lambda f: save(PICTURE[:9, :9], f / "00003.png"))),
    Case("a face without a number", faces(lambda f: save(PICTURE, f / "three.png"))),
    Case("two faces of one number", faces(lambda f: save(PICTURE, f / "3.png"))),
    Case("a missing face", faces(lambda f: (f / "00003.png").unlink())),
    Case("a link to nothing", faces(lambda f: (f / "7.png").symlink_to("nowhere"))),
    Case("a zip archive cut off", zipped(lambda data: data[:-40])),
    Case("a zip archive with one wrong byte", zipped(lambda data: damaged(data, 5000))),
    Case("a missing mosaic", mosaic(None)),
    Case("a mosaic of another size", mosaic(encoded(PICTURE, "WEBP", lossless=True))),
    Case("an empty folder for CIFAR-10", cifar(empty)),
    Case("a missing batch", cifar(lambda f: (f / "data_batch_3").unlink())),
    Case("a batch that is not the published one", cifar(lambda f: None, verify=True)),
    Case("other counts than configured", cifar(lambda f: None, train=50_000)),
    Case("a tar archive cut off", cut_archive),
    Case(
        "a batch that would run a command",
        cifar(lambda f: (f / "data_batch_1").write_bytes(pickle.dumps({b"data": Attack()}))),
    ),
    Case(
        "a batch cut off",
        lambda f: read_batch([("test_batch", cifar_batch(noise(2, 32), [0, 1])[:900])]),
    ),
    Case(
        "a label of 12", lambda f: read_batch([("test_batch", cifar_batch(noise(2, 32), [0, 12]))])
    ),
    Case(
        "rows of other lengths",
        lambda f: read_batch([("test_batch", cifar_batch(noise(2, 16), [0, 1]))]),
    ),
    Case("a missing class folder", cifar(lambda f: by_class(f, 32, 9))),
    Case(
        "a picture of another size",
        lambda f: next(cifar(lambda g: by_class(g, 16, 10), train=10, test=10)(f).train.chunks(0)),
    ),
    Case("an empty class folder of ImageNet", imagenet(lambda f: (f / "val/n2/0.JPEG").unlink())),
    Case(
        "a folder of hidden files alone",
        imagenet(lambda f: (f / "val/n2/0.JPEG").rename(f / "val/n2/._0.JPEG")),
    ),
]
