"""The signals of the single-signal tasks: a recording, photographs, a shape."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import skimage.data
from PIL import Image
from scipy.io import wavfile

from benchmarks.datasets.loaders import load_raw
from benchmarks.datasets.location import data_root
from benchmarks.settings.dataset import load_dataset_config


class SignalError(ValueError):
    """A signal that cannot be used; the message names the file and what was expected."""


def read_audio(path: Path) -> np.ndarray:
    """A mono recording ``(n,)`` float32, divided by its largest absolute value.

    Any sample rate; integer PCM is taken as fractions of its range.

    Raises:
        SignalError: it is missing, silent, not mono, or no WAV file.
    """
    try:
        _, samples = wavfile.read(path)
    except FileNotFoundError as error:
        raise SignalError(f"{path}: no such file; set LIFT_DATA to the data sets") from error
    except ValueError as error:
        raise SignalError(f"{path}: not a WAV file ({error})") from error
    if samples.ndim != 1:
        raise SignalError(f"{path}: {samples.shape[1]} channels, expected one; mix them down first")
    values = samples.astype(np.float64)
    if samples.dtype == np.uint8:  # 8-bit PCM is unsigned
        values -= 128
    largest = np.abs(values).max(initial=0)
    if not largest > 0:
        raise SignalError(f"{path}: silent, expected a signal")
    return (values / largest).astype(np.float32)


def synthetic_audio(samples: int) -> np.ndarray:
    """A clip of plucked harmonics ``(samples,)`` in ``[-1, 1]``."""
    time = np.linspace(0, 1, samples)
    clip = np.zeros(samples)
    for start, pitch in ((0.0, 55), (0.3, 82), (0.6, 110)):
        after = np.clip(time - start, 0, None)
        for harmonic in range(1, 7):
            wave = np.sin(2 * np.pi * pitch * harmonic * after) / harmonic
            clip += wave * np.exp(-6 * after) * (after > 0)
    return (clip / np.abs(clip).max()).astype(np.float32)


def read_image(path: Path) -> np.ndarray:
    """An image ``(H, W, 3)`` float32 in ``[0, 1]``; grey ones are repeated.

    Raises:
        SignalError: it is missing, no image, or has an alpha channel that is not opaque.
    """
    try:
        image = Image.open(path)
        if "A" in image.getbands() and np.asarray(image.getchannel("A")).min() < 255:
            raise SignalError(f"{path}: has an alpha channel, expected an opaque image")
        pixels = np.asarray(image.convert("RGB"))
    except FileNotFoundError as error:
        raise SignalError(f"{path}: no such file; set LIFT_DATA to the data sets") from error
    except OSError as error:
        raise SignalError(f"{path}: not an image ({error})") from error
    return pixels.astype(np.float32) / 255


def photograph(size: int) -> np.ndarray:
    """A photograph that ships with scikit-image, ``(size, size, 3)``, reduced by block means."""
    image = skimage.data.astronaut()[:, :, :3].astype(np.float32) / 255
    return reduced(image, len(image) // size)


def reduced(image: np.ndarray, factor: int) -> np.ndarray:
    """Means of ``factor`` x ``factor`` pixels; a remainder at the border is cut off.

    Raises:
        SignalError: the image is smaller than the factor.
    """
    height, width = (side // factor for side in image.shape[:2])
    if not height or not width:
        raise SignalError(
            f"image of {image.shape[0]} x {image.shape[1]} pixels: smaller than the factor {factor}"
        )
    cut = image[: height * factor, : width * factor]
    return cut.reshape(height, factor, width, factor, -1).mean((1, 3)).astype(np.float32)


def shape(size: int) -> np.ndarray:
    """Occupancy ``(size, size, size)`` float32 of the last embedded test shape, every nth voxel."""
    test = load_raw(load_dataset_config("embedded-voxels")).test
    voxels = next(test.chunks(test.count - 1))[-1].astype(np.float32)
    step = len(voxels) // size
    return voxels[::step, ::step, ::step]


def bach() -> Path:
    """The recording that the SIREN line of papers fits."""
    return data_root() / "audio" / "gt_bach.wav"


def kodak(number: int) -> Path:
    """A photograph of the Kodak suite."""
    return data_root() / "kodak" / f"kodim{number:02d}.png"
