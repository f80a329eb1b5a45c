"""CelebA-HQ (Karras et al., ICLR 2018): 30,000 faces, split by number as mNIF does.

Numbers 1 to 27,000 train and 27,001 to 30,000 test. The published tables reduce 128-pixel JPEG
files to 64 with Pillow's bicubic filter; from larger files it is the same filter in one step.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import PurePosixPath
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.datasets.errors import DatasetError
from benchmarks.datasets.formats.archives import Files, open_files
from benchmarks.datasets.formats.class_folders import CHUNK, decoded
from benchmarks.datasets.formats.pictures import is_picture, read_rgb, reduce_square
from benchmarks.datasets.location import located
from benchmarks.datasets.raw import Raw, RawSplit
from benchmarks.settings.dataset import DatasetConfig, Settings


class CelebAHQSettings(Settings):
    """A folder or zip, or the name of a Hugging Face data set.

    The latter needs the optional package ``datasets``; its rows must be in CelebA-HQ's order.
    """

    path: str = "celebahq"
    train: int = 27_000
    test: int = 3_000
    huggingface: str | None = None
    huggingface_split: str = "train"
    huggingface_column: str = "image"


def load(config: DatasetConfig) -> Raw:
    """From files called by number, from 0 or from 1, of any size not below the resolution.

    Raises:
        DatasetError: the path is missing or of another kind, or numbers are missing or double.
    """
    settings = config.settings(CelebAHQSettings)
    if settings.huggingface:
        return _from_huggingface(settings, config.resolution)
    path = located(settings.path)
    files = open_files(path, f"the {settings.train + settings.test} CelebA-HQ images, 00001.jpg on")
    names = numbered(files, settings.train + settings.test)

    def decode(data: bytes, name: str) -> Image.Image:
        return reduce_square(read_rgb(data, name), config.resolution, name)

    train, test = names[: settings.train], names[settings.train :]
    return Raw(
        RawSplit(len(train), decoded(files, train, decode)),
        RawSplit(len(test), decoded(files, test, decode)),
        _rule(settings),
        sources=files.fingerprint(names),
    )


def numbered(files: Files, count: int) -> list[str]:
    """The names of pictures 1 to ``count`` (or 0 to ``count - 1``), in order.

    Raises:
        DatasetError: a name is no number, a number is there twice, or one is missing.
    """
    by_number: dict[int, str] = {}
    for name in filter(is_picture, files.listing()):
        stem = PurePosixPath(name).stem
        if not stem.isdecimal():
            raise DatasetError(f"{files.title(name)}: expected a number, such as 00001.jpg")
        if int(stem) in by_number:
            raise DatasetError(
                f"{files.path}: {by_number[int(stem)]} and {name} have the same number; remove one"
            )
        by_number[int(stem)] = name
    first = 0 if 0 in by_number else 1
    expected = range(first, first + count)
    missing = [number for number in expected if number not in by_number]
    if missing or len(by_number) != count:
        what = f"; number {missing[0]} is missing" if missing else ""
        raise DatasetError(
            f"{files.path}: {len(by_number)} numbered images, expected {count} from {first} to "
            f"{expected[-1]}{what}"
        )
    return [by_number[number] for number in expected]


def _rule(settings: CelebAHQSettings) -> str:
    last = settings.train + settings.test
    return f"by number: 1 to {settings.train:,} train, {settings.train + 1:,} to {last:,} test"


def _from_huggingface(settings: CelebAHQSettings, resolution: int) -> Raw:
    try:
        import datasets  # noqa: PLC0415
    except ImportError as error:
        raise DatasetError(
            f"source: huggingface: {settings.huggingface}: needs the package datasets; install it, "
            "or give a folder or zip as source: path"
        ) from error
    rows = datasets.load_dataset(settings.huggingface, split=settings.huggingface_split)
    wanted = settings.train + settings.test
    if len(rows) != wanted or settings.huggingface_column not in rows.column_names:
        raise DatasetError(
            f"{settings.huggingface}: {len(rows)} rows of {', '.join(rows.column_names)}, expected "
            f"{wanted} with {settings.huggingface_column}"
        )

    def chunks(first: int, count: int, start: int) -> Iterator[np.ndarray]:
        for begin in range(first + start, first + count, CHUNK):
            numbers = range(begin, min(begin + CHUNK, first + count))
            yield np.stack([np.asarray(_reduced(rows, number)) for number in numbers])

    def _reduced(rows: Any, number: int) -> Image.Image:
        name = f"{settings.huggingface}, row {number}"
        image = rows[number][settings.huggingface_column]
        if image.mode != "RGB":
            raise DatasetError(f"{name}: a picture of mode {image.mode}, expected RGB")
        return reduce_square(image, resolution, name)

    train = RawSplit(settings.train, partial(chunks, 0, settings.train))
    test = RawSplit(settings.test, partial(chunks, settings.train, settings.test))
    source = {f"huggingface {settings.huggingface}": rows._fingerprint}
    return Raw(train, test, _rule(settings), sources=source)
