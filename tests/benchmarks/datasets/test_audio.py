"""Recordings: one waveform from any file, and what is no recording."""

import numpy as np
import pytest
from scipy.io import wavfile

from benchmarks.datasets.errors import DatasetError
from benchmarks.datasets.formats.audio import read_audio


@pytest.mark.parametrize("dtype", [np.int16, np.int32, np.uint8, np.float32])
@pytest.mark.parametrize("rate", [8000, 44100])
def test_audio_of_any_rate_and_type_is_the_same_waveform(tmp_path, dtype, rate):
    wave = np.sin(np.linspace(0, 60, 2000)) * 0.5
    if dtype == np.uint8:
        stored = (wave * 127 + 128).round().astype(dtype)
    elif dtype == np.float32:
        stored = wave.astype(dtype)
    else:
        stored = (wave * np.iinfo(dtype).max).astype(dtype)
    wavfile.write(tmp_path / "clip.wav", rate, stored)
    found = read_audio(tmp_path / "clip.wav")
    assert found.dtype == np.float32
    assert np.abs(found - wave / np.abs(wave).max()).max() < 0.02


def test_audio_that_cannot_be_fitted_is_one_clear_error(tmp_path):
    wavfile.write(tmp_path / "stereo.wav", 8000, np.zeros((10, 2), np.float32))
    with pytest.raises(DatasetError, match=r"stereo\.wav: 2 channels, expected one"):
        read_audio(tmp_path / "stereo.wav")
    wavfile.write(tmp_path / "silent.wav", 8000, np.zeros(10, np.float32))
    with pytest.raises(DatasetError, match="silent"):
        read_audio(tmp_path / "silent.wav")
    (tmp_path / "noise.wav").write_bytes(b"no sound")
    with pytest.raises(DatasetError, match="not a WAV file"):
        read_audio(tmp_path / "noise.wav")
    with pytest.raises(DatasetError, match="no such file"):
        read_audio(tmp_path / "absent.wav")


def test_a_recording_cut_off_at_any_byte_is_refused(tmp_path):
    path = tmp_path / "clip.wav"
    wavfile.write(path, 8000, np.sin(np.arange(120)).astype(np.float32))
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(DatasetError, match=r"clip\.wav: (cut off|not a WAV file)"):
            read_audio(path)


@pytest.mark.parametrize(
    ("sample", "message"),
    [(np.nan, "sample 3 is nan"), (np.inf, "sample 3 is inf"), (-np.inf, "sample 3 is -inf")],
)
def test_a_sample_that_is_not_finite_is_named(tmp_path, sample, message):
    values = np.zeros(10, np.float32)
    values[3] = sample
    wavfile.write(tmp_path / "clip.wav", 8000, values)
    with pytest.raises(DatasetError, match=f"clip.wav: {message}, expected a finite number"):
        read_audio(tmp_path / "clip.wav")


def test_chunks_beside_the_signal_are_passed_over(tmp_path):
    path = tmp_path / "clip.wav"
    wave = np.arange(1, 9, dtype=np.int16)
    wavfile.write(path, 8000, wave)
    whole = path.read_bytes()
    for comment in (b"LIST\x04\0\0\0INFO", b"abcd\x03\0\0\0xyz\0"):
        longer = int(len(whole) + len(comment) - 8).to_bytes(4, "little")
        path.write_bytes(whole[:4] + longer + whole[8:] + comment)
        assert np.allclose(read_audio(path), wave / 8)
