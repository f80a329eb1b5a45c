"""The tasks: what a network is shown of a signal, and how its answer is measured."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from benchmarks.datasets.formats.audio import read_audio
from benchmarks.datasets.formats.pictures import read_colours
from benchmarks.datasets.formats.reading import read_bytes
from benchmarks.metrics.ssim import ssim_gaussian
from benchmarks.metrics.voxel import iou
from benchmarks.stages.single_signal import signals
from benchmarks.stages.single_signal.settings import FITTING, ScaleSizes, TaskName
from lift.psnr import psnr

PHOTONS, READOUT = 40.0, 2.0
"""Denoising: photons of a white pixel, and the readout noise's deviation in photons (INCODE)."""
FACTOR = 4
KEPT = 0.25


@dataclass(frozen=True)
class SignalTask:
    """What is observed of one signal, and the signal.

    ``coords`` ``(N, D)`` in ``[-1, 1]`` at sample centres and ``values`` ``(N, C)`` are observed;
    ``grid`` ``(M, D)`` are the coordinates of ``target``, whose samples have shape ``shape``.
    ``signal`` names where they come from.
    """

    name: TaskName
    coords: Tensor
    values: Tensor
    grid: Tensor
    target: Tensor
    shape: tuple[int, ...]
    signal: str = "signal"

    def to(self, device: torch.device) -> SignalTask:
        """The same with its coordinates and what is observed there on a device."""
        moved = {name: getattr(self, name).to(device) for name in ("coords", "values", "grid")}
        return dataclasses.replace(self, **moved)

    @property
    def pictured(self) -> bool:
        """Whether the signal is an image."""
        return len(self.shape) == 3 and self.shape[-1] == 3

    def observed(self) -> Tensor | None:
        """What is observed of an image, ``(M, C)``; None where that is the target.

        Coarser pixels are repeated; what is not observed is NaN.
        """
        if not self.pictured or self.name in FITTING:
            return None
        values, (height, width, channels) = self.values.cpu(), self.shape
        if self.name == "super_resolution":
            small = values.reshape(height // FACTOR, width // FACTOR, channels)
            pixels = small.repeat_interleave(FACTOR, 0).repeat_interleave(FACTOR, 1)
            return pixels.reshape(-1, channels)
        rows, columns = ((self.coords.cpu() + 1) / 2 * torch.tensor([height, width])).long().T
        shown = torch.full_like(self.target, torch.nan)
        shown[rows * width + columns] = values
        return shown

    def measure(self, prediction: Tensor) -> dict[str, float]:
        """PSNR (dB, peak 1); of images also SSIM, of shapes IoU.

        Args:
            prediction: ``(M, C)``; nothing is clipped.
        """
        found = {"psnr": decibels(prediction, self.target)}
        if self.pictured:
            images = [part.reshape(self.shape).numpy() for part in (prediction, self.target)]
            found["ssim_gaussian"] = ssim_gaussian(*images)
        elif self.name == "occupancy":
            found["iou"] = iou(prediction[None], self.target[None]).item()
        return found


def decibels(prediction: Tensor, target: Tensor) -> float:
    """PSNR of one signal, over all its samples and channels."""
    return psnr((prediction - target).double().square().mean()).item()


def centres(*sizes: int) -> Tensor:
    """Sample centres ``(N, D)`` of a grid on ``[-1, 1]^D``, in row-major order."""
    axes = [(torch.arange(size) + 0.5) * 2 / size - 1 for size in sizes]
    return torch.stack(torch.meshgrid(*axes, indexing="ij"), -1).reshape(-1, len(sizes))


def build_task(name: TaskName, scale: ScaleSizes) -> SignalTask:
    """A task on the scale's signal.

    Raises:
        DatasetError: its file is missing, or cannot be used.
        SignalError: an image is too small.
    """
    return BUILDERS[name](scale)


def build_tasks(name: TaskName, scale: ScaleSizes) -> list[SignalTask]:
    """A task on every signal that the scale has for it.

    Raises:
        DatasetError: a file is missing, or cannot be used.
        SignalError: an image is too small.
    """
    if name != "image" or not scale.photographs:
        return [build_task(name, scale)]
    alone = [scale.model_copy(update={"photographs": [n]}) for n in scale.photographs]
    return [build_task(name, one) for one in alone]


def audio(scale: ScaleSizes) -> SignalTask:
    """Fitting a waveform in ``[-1, 1]``."""
    clip = (
        signals.synthetic_audio(scale.audio_samples)
        if scale.audio_samples
        else read_audio(signals.bach())
    )
    name = "synthetic" if scale.audio_samples else signals.bach().stem
    grid, target = centres(len(clip)), torch.from_numpy(clip).unsqueeze(1)
    return SignalTask("audio", grid, target, grid, target, (len(clip),), name)


def image(scale: ScaleSizes) -> SignalTask:
    """Fitting a photograph."""
    pixels, name = _picture(scale)
    grid, target = centres(*pixels.shape[:2]), torch.from_numpy(pixels).reshape(-1, 3)
    return SignalTask("image", grid, target, grid, target, pixels.shape, name)


def denoising(scale: ScaleSizes) -> SignalTask:
    """Fitting a photograph with photon and readout noise; the clean one is the target."""
    clean = image(scale)
    noise = np.random.default_rng(0)
    photons = noise.poisson(PHOTONS * clean.target.numpy()) + noise.normal(
        0, READOUT, clean.target.shape
    )
    noisy = torch.from_numpy(photons / PHOTONS).float()
    return dataclasses.replace(clean, name="denoising", values=noisy)


def super_resolution(scale: ScaleSizes) -> SignalTask:
    """Fitting means of 4 x 4 pixels; the photograph is the target."""
    pixels, name = _picture(scale)
    height, width = (side // FACTOR * FACTOR for side in pixels.shape[:2])
    pixels = pixels[:height, :width]
    small = signals.reduced(pixels, FACTOR)
    grid, target = centres(height, width), torch.from_numpy(pixels).reshape(-1, 3)
    values = torch.from_numpy(small).reshape(-1, 3)
    observed = centres(*small.shape[:2])
    return SignalTask("super_resolution", observed, values, grid, target, pixels.shape, name)


def inpainting(scale: ScaleSizes) -> SignalTask:
    """Fitting a random quarter of the pixels; the photograph is the target."""
    whole = image(scale)
    count = round(KEPT * len(whole.grid))
    kept = torch.from_numpy(np.random.default_rng(0).permutation(len(whole.grid))[:count])
    return dataclasses.replace(
        whole, name="inpainting", coords=whole.grid[kept], values=whole.target[kept]
    )


def occupancy(scale: ScaleSizes) -> SignalTask:
    """Fitting the occupancy of a shape."""
    voxels = signals.shape(scale.voxels)
    grid, target = centres(*voxels.shape), torch.from_numpy(voxels).reshape(-1, 1)
    return SignalTask("occupancy", grid, target, grid, target, voxels.shape, "shape")


def _picture(scale: ScaleSizes) -> tuple[np.ndarray, str]:
    if not scale.photographs:
        return signals.photograph(scale.image_size), "astronaut"
    path = signals.kodak(scale.photographs[0])
    return signals.reduced(read_colours(read_bytes(path), str(path)), 2), path.stem


BUILDERS: dict[TaskName, Callable[[ScaleSizes], SignalTask]] = {
    "audio": audio,
    "image": image,
    "denoising": denoising,
    "super_resolution": super_resolution,
    "inpainting": inpainting,
    "occupancy": occupancy,
}
