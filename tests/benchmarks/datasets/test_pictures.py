"""Pictures of every kind: scaled and repeated exactly, or refused."""

import io

import numpy as np
import pytest
from PIL import Image

from benchmarks.datasets.errors import DatasetError
from benchmarks.datasets.formats.pictures import read_colours, read_rgb

from .tiny import encoded

RAMP = np.arange(65536, dtype=np.uint16).reshape(256, 256)


def written(image, form="PNG", **options):
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def test_a_ramp_of_16_bits_is_scaled_exactly():
    data = encoded(RAMP, "PNG")
    colours = read_colours(data, "ramp.png")
    expected = (RAMP / 65535).astype(np.float32)
    assert np.array_equal(colours, np.dstack([expected] * 3))
    pixels = np.asarray(read_rgb(data, "ramp.png", "convert"))
    assert np.array_equal(pixels, np.dstack([np.rint(RAMP / 257).astype(np.uint8)] * 3))


def test_grey_pictures_of_8_bits_and_1_bit_are_repeated():
    grey = np.arange(16, dtype=np.uint8).reshape(4, 4) * 16
    assert np.allclose(read_colours(encoded(grey, "PNG"), "g")[..., 1], grey / 255)
    bits = Image.fromarray(grey > 100)
    assert np.array_equal(read_colours(written(bits), "b")[..., 2], (grey > 100).astype(np.float32))


def opaque_and_clear():
    """Pictures by kind, each with no transparent pixel, and with one."""
    rgb = np.random.default_rng(0).integers(0, 256, (4, 4, 3), np.uint8)
    rgb[0, 0] = (1, 2, 3)
    alpha = np.full((4, 4, 1), 255, np.uint8)
    some = alpha.copy()
    some[0, 0] = 100
    colours, grey = Image.fromarray(rgb), Image.fromarray(rgb[..., 0])
    palette = colours.quantize(8)
    first = int(np.asarray(palette)[0, 0])
    yield "RGBA", Image.fromarray(np.dstack([rgb, alpha])), Image.fromarray(np.dstack([rgb, some]))
    both = [np.dstack([rgb[..., 0], part]) for part in (alpha, some)]
    yield "LA", Image.fromarray(both[0], "LA"), Image.fromarray(both[1], "LA")
    yield "RGB", (colours, {"transparency": (9, 9, 9)}), (colours, {"transparency": (1, 2, 3)})
    yield "L", (grey, {"transparency": 0}), (grey, {"transparency": 1})
    yield "P", palette, (palette, {"transparency": first})


@pytest.mark.parametrize(
    ("kind", "opaque", "clear"),
    list(opaque_and_clear()),
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_transparency_of_any_kind_is_refused_and_an_opaque_picture_is_not(kind, opaque, clear):
    image, options = opaque if isinstance(opaque, tuple) else (opaque, {})
    expected = np.asarray(image.convert("RGB")).astype(np.float32) / 255
    assert np.array_equal(read_colours(written(image, **options), "a.png"), expected)
    image, options = clear if isinstance(clear, tuple) else (clear, {})
    data = written(image, **options)
    message = "a.png: a picture with transparent pixels, expected an opaque one"
    for modes in ("convert", "strict") if kind == "RGB" else ("convert",):
        with pytest.raises(DatasetError, match=message):
            read_rgb(data, "a.png", modes)
    with pytest.raises(DatasetError, match=message):
        read_colours(data, "a.png")


def test_a_picture_that_claims_to_be_huge_is_refused_before_it_is_decoded():
    data = bytearray(encoded(np.zeros((8, 8, 3), np.uint8), "BMP"))
    for side in (10_000, 14_000):
        data[18:26] = np.array([side, side], "<i4").tobytes()
        with pytest.raises(DatasetError, match=r"b.bmp: a picture that claims more than .* pixels"):
            read_rgb(bytes(data), "b.bmp")


@pytest.mark.parametrize("data", [b"", b"hello", b"BM" + bytes(60)])
def test_what_is_no_picture_is_said_without_addresses_of_objects(data):
    with pytest.raises(DatasetError, match=r"^x.png: ") as caught:
        read_rgb(data, "x.png")
    assert " at 0x" not in str(caught.value)
