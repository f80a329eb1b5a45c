"""WAV recordings, whole or refused."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from scipy.io import wavfile

from benchmarks.datasets.errors import DatasetError
from benchmarks.datasets.formats.reading import read_bytes, reading

HEADER = 12
"""Bytes of ``RIFF``, the length of what follows, and ``WAVE``."""


def read_audio(path: Path) -> np.ndarray:
    """A mono recording ``(n,)`` float32, divided by its largest absolute value.

    Any sample rate; integer PCM is taken as fractions of its range.

    Raises:
        DatasetError: it is missing, cut off, no WAV file, not mono, empty, silent, or holds a
            sample that is not finite.
    """
    data = read_bytes(path)
    check_whole(data, path)
    with reading(str(path), "WAV file"):
        rate, samples = wavfile.read(io.BytesIO(data))
        if rate <= 0 or not np.prod(samples.shape[1:]):
            raise ValueError(f"{rate} samples a second, {samples.shape[1:]} channels")
    if samples.ndim != 1:
        raise DatasetError(
            f"{path}: {samples.shape[1]} channels, expected one; mix them down first"
        )
    if not len(samples):
        raise DatasetError(f"{path}: no sample, expected a signal")
    wrong = np.flatnonzero(~np.isfinite(samples))
    if len(wrong):
        raise DatasetError(
            f"{path}: sample {wrong[0]} is {samples[wrong[0]]}, expected a finite number"
        )
    values = samples.astype(np.float64)
    if samples.dtype == np.uint8:  # 8-bit PCM is unsigned
        values -= 128
    largest = np.abs(values).max()
    if largest == 0:
        raise DatasetError(f"{path}: silent, expected a signal")
    return (values / largest).astype(np.float32)


def check_whole(data: bytes, path: Path) -> None:
    """Refuses a file whose chunks do not add up to its length.

    A library reads a recording that was cut off as a shorter one.

    Raises:
        DatasetError: it is no WAV file, or bytes are missing.
    """
    if data[:4] != b"RIFF" or data[8:HEADER] != b"WAVE":
        raise DatasetError(f"{path}: not a WAV file, expected RIFF ... WAVE at its start")
    announced = 8 + int.from_bytes(data[4:8], "little")
    if len(data) < announced:
        raise DatasetError(
            f"{path}: cut off: {len(data)} bytes, expected {announced}; copy it again"
        )
    names, place = [], HEADER
    while place + 8 <= announced:
        names.append(data[place : place + 4])
        size = int.from_bytes(data[place + 4 : place + 8], "little")
        end = place + 8 + size
        place = end + size % 2
    # A last chunk of odd length may lack its filling byte.
    if announced not in (place, end if names else None):
        raise DatasetError(
            f"{path}: its chunks end at byte {place}, expected {announced}; copy it again"
        )
    if names.count(b"fmt ") != 1 or names.count(b"data") != 1:
        raise DatasetError(f"{path}: not a WAV file with one format and one signal; copy it again")
