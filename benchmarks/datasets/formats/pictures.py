"""Decoding and reducing pictures, each problem named with its file."""

from __future__ import annotations

import io
from typing import Literal

from PIL import Image, UnidentifiedImageError

from benchmarks.datasets.dataset import DatasetError

Modes = Literal["strict", "convert"]
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp")


def is_picture(name: str) -> bool:
    """Whether a file's name says that it is one, hidden files aside."""
    return name.lower().endswith(SUFFIXES) and not name.rsplit("/", 1)[-1].startswith(".")


def read_rgb(data: bytes, name: str, modes: Modes = "strict") -> Image.Image:
    """An 8-bit RGB picture of a file's bytes.

    Args:
        modes: ``strict`` refuses grayscale, palettes, transparency and CMYK; ``convert`` turns them
            into RGB as Pillow does, the usual way with ImageNet.

    Raises:
        DatasetError: the bytes are no complete picture, or one of another mode.
    """
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            if image.mode == "RGB":
                return image.copy()
            if modes == "convert":
                return image.convert("RGB")
            raise DatasetError(
                f"{name}: a picture of mode {image.mode} ({len(image.getbands())} channels), "
                "expected RGB; convert the file first"
            )
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise DatasetError(f"{name}: not a readable picture ({error}); copy it again") from error


def reduce_square(image: Image.Image, size: int, name: str) -> Image.Image:
    """A square picture at ``size``, by Pillow's bicubic filter, which averages over what it drops.

    Raises:
        DatasetError: the picture is not square, or smaller than ``size``.
    """
    if image.width != image.height or image.width < size:
        raise DatasetError(
            f"{name}: {image.width}x{image.height} pixels, expected a square of {size} or more"
        )
    if image.width == size:
        return image
    return image.resize((size, size), Image.Resampling.BICUBIC)


def reduce_and_crop(image: Image.Image, size: int) -> Image.Image:
    """The shorter side at ``size`` by Pillow's bicubic filter, then the square in the middle."""
    scale = size / min(image.size)
    width, height = (max(size, round(side * scale)) for side in image.size)
    image = image.resize((width, height), Image.Resampling.BICUBIC)
    left, top = (width - size) // 2, (height - size) // 2
    return image.crop((left, top, left + size, top + size))
