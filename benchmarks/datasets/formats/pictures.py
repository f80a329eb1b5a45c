"""Decoding and reducing pictures, each problem named with its file.

Every picture must be opaque: what a transparent pixel shows depends on what lies behind it. Grey
values of 16 bits are scaled, never cut off; of 16-bit colours Pillow drops the lower byte.
"""

from __future__ import annotations

import io
import warnings
from typing import Literal

import numpy as np
from PIL import Image, UnidentifiedImageError

from benchmarks.datasets.errors import DatasetError
from benchmarks.datasets.formats import png
from benchmarks.datasets.formats.reading import is_hidden, reading

Modes = Literal["strict", "convert"]
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
FORMATS = ("JPEG", "PNG", "WEBP", "BMP")
DEEP = ("I;16", "I;16B", "I;16L", "I")
"""Pillow's modes of grey pictures with 16 bits."""


def is_picture(name: str) -> bool:
    """Whether a file's name says that it is one, hidden files aside."""
    return name.lower().endswith(SUFFIXES) and not is_hidden(name)


def read_rgb(data: bytes, name: str, modes: Modes = "strict") -> Image.Image:
    """An 8-bit RGB picture of a file's bytes.

    Args:
        modes: ``strict`` refuses grey pictures, palettes, alpha channels and CMYK; ``convert``
            turns them into RGB, the usual way with ImageNet.

    Raises:
        DatasetError: the bytes are no complete picture, one of another mode, or not opaque.
    """
    image = _opened(data, name)
    if modes == "strict" and image.mode != "RGB":
        raise DatasetError(
            f"{name}: a picture of mode {image.mode} ({len(image.getbands())} channels), "
            "expected RGB; convert the file first"
        )
    _check_opaque(image, name)
    if image.mode in DEEP:
        scaled = np.rint(np.asarray(image).astype(np.float64) / 257)
        return Image.fromarray(scaled.astype(np.uint8)).convert("RGB")
    return image.convert("RGB")


def read_colours(data: bytes, name: str) -> np.ndarray:
    """Any opaque picture as ``(H, W, 3)`` float32 in ``[0, 1]``; grey ones are repeated.

    Raises:
        DatasetError: the bytes are no complete picture, or it is not opaque.
    """
    image = _opened(data, name)
    _check_opaque(image, name)
    if image.mode in DEEP:
        grey = (np.asarray(image).astype(np.float64) / 65535).astype(np.float32)
        return np.repeat(grey[..., None], 3, axis=-1)
    return np.asarray(image.convert("RGB")).astype(np.float32) / 255


def _opened(data: bytes, name: str) -> Image.Image:
    """A decoded picture."""
    if not data:
        raise DatasetError(f"{name}: an empty file, expected a picture; copy it again")
    with reading(name, "picture"), warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            image = Image.open(io.BytesIO(data), formats=FORMATS)
            image.verify()  # the checksums of PNG, which decoding may pass over
            image = Image.open(io.BytesIO(data), formats=FORMATS)
        except UnidentifiedImageError as error:
            raise ValueError(f"it is none of {', '.join(FORMATS)}") from error
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise DatasetError(
                f"{name}: a picture that claims more than {Image.MAX_IMAGE_PIXELS:,} pixels; "
                "reduce it, or copy it again"
            ) from error
        if not min(image.size):
            raise ValueError(f"{image.width}x{image.height} pixels")
        if image.format == "PNG":
            png.check_whole(data)
        image.load()
    return image


def _check_opaque(image: Image.Image, name: str) -> None:
    """Alpha channels, transparent colours of palettes and of RGB are all the same to a reader."""
    if not image.has_transparency_data:
        return
    with reading(name, "picture"):
        least = image.convert("RGBA").getchannel("A").getextrema()[0]
    if least != 255:
        raise DatasetError(
            f"{name}: a picture with transparent pixels, expected an opaque one; flatten it first"
        )


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
