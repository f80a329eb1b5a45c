"""The signals of the single-signal tasks: a recording, photographs, a shape."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import skimage.data

from benchmarks.datasets.location import data_root
from benchmarks.datasets.sources.embedded_voxels import PER_CLASS, SHAPES, draw_numbered


class SignalError(ValueError):
    """A signal that cannot be used; the message names the file and what was expected."""


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


def photograph(size: int) -> np.ndarray:
    """A photograph that ships with scikit-image, ``(size, size, 3)``, reduced by block means.

    Args:
        size: a divisor of 512, its side; the settings allow no other.
    """
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
    """Occupancy ``(size, size, size)`` float32 of the last embedded test shape."""
    label, number = len(SHAPES) - 1, PER_CLASS["test"] - 1
    return draw_numbered("test", label, number, size).astype(np.float32)


def bach() -> Path:
    """The recording that the SIREN line of papers fits."""
    return data_root() / "audio" / "gt_bach.wav"


def kodak(number: int) -> Path:
    """A photograph of the Kodak suite."""
    return data_root() / "kodak" / f"kodim{number:02d}.png"
