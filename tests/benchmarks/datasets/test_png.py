"""Whole PNG files pass, in every way of storing rows; files that lack something do not."""

import numpy as np
import pytest
from scipy.io import wavfile

from benchmarks.datasets.errors import DatasetError
from benchmarks.datasets.formats.audio import read_audio
from benchmarks.datasets.formats.pictures import read_rgb
from benchmarks.datasets.location import data_root
from tests.benchmarks.datasets.pngs import chunk, from_pixels, png

# Pixels of each row, pass by pass, of a square of this side.
INTERLACED = {1: [1], 2: [1, 1, 2], 5: [1, 1, 2, 1, 1, 3, 2, 2, 2, 5, 5]}


@pytest.mark.parametrize("side", INTERLACED)
def test_an_interlaced_picture_has_as_many_bytes_as_its_passes(side):
    pixels = b"".join(bytes(1 + 3 * columns) for columns in INTERLACED[side])
    whole = from_pixels(side, 8, 2, pixels, interlaced=1)
    assert not np.asarray(read_rgb(whole, "a.png")).any()
    with pytest.raises(DatasetError, match=r"a\.png: .* bytes of pixels, expected"):
        read_rgb(from_pixels(side, 8, 2, pixels[:-1], interlaced=1), "a.png")


@pytest.mark.parametrize(("depth", "kind"), [(1, 0), (2, 0), (8, 0), (16, 0), (8, 2), (16, 2)])
def test_every_depth_is_whole_with_its_rows_and_not_with_fewer(depth, kind):
    assert read_rgb(png(9, depth, kind), "a.png", "convert").size == (9, 9)
    with pytest.raises(DatasetError, match="bytes of pixels"):
        read_rgb(png(9, depth, kind, rows=8), "a.png", "convert")


def test_a_palette_is_needed_and_found():
    palette = chunk(b"PLTE", bytes([7, 8, 9]))
    pixels = np.asarray(read_rgb(png(4, 8, 3, between=palette), "a.png", "convert"))
    assert (pixels == [7, 8, 9]).all()
    with pytest.raises(DatasetError, match=r"a\.png: .*no palette"):
        read_rgb(png(4, 8, 3), "a.png", "convert")


def test_a_transparent_colour_of_16_bits_is_refused():
    with pytest.raises(DatasetError, match="transparent colour in 16 bits"):
        read_rgb(png(4, 16, 2, between=chunk(b"tRNS", bytes(6))), "a.png")


def test_a_home_folder_of_nobody_is_named(monkeypatch):
    monkeypatch.setenv("LIFT_DATA", "~nobody-has-this-name/data")
    with pytest.raises(DatasetError, match="LIFT_DATA: ~nobody-has-this-name/data"):
        data_root()


def test_a_recording_without_a_rate_is_refused(tmp_path):

    wavfile.write(tmp_path / "clip.wav", 0, np.ones(9, np.float32))
    with pytest.raises(DatasetError, match=r"clip\.wav: .*0 samples a second"):
        read_audio(tmp_path / "clip.wav")
