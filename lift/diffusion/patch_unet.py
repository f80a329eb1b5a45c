"""A U-Net that denoises latents as the picture that they draw."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from lift.diffusion.patches import from_patches, to_patches
from lift.diffusion.unet import UNet
from lift.ranges import Count


class PatchUNet(nn.Module):
    """Denoises coefficients ``(B, P, ..., P, k)`` of patterns on the grid that these draw.

    Patterns that one region draws go on in the next: convolutions over the drawn grid share that
    among all places, where convolutions over regions have to learn it for every pair of patterns.

    Args:
        shape: ``(P, ..., P, k)``.
        patterns: orthonormal ``(S, k)``, of `lift.diffusion.patches.Patches`.
        channels: of the drawn grid, C in ``S = R**D * C``.
        inputs: how many grids of coefficients enter side by side, ``(B, P, ..., P, inputs * k)``.
        stride: cells of ``stride**D`` drawn points enter the network as one.
        widths, blocks: of `lift.diffusion.unet.UNet`.

    Raises:
        ValueError: the patterns are of other latents, or the stride does not divide a patch.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        *,
        patterns: Tensor,
        channels: int,
        inputs: int,
        stride: Count,
        widths: tuple[Count, ...],
        blocks: Count,
    ) -> None:
        super().__init__()
        dimensions, numbers = len(shape) - 1, len(patterns)
        side = round((numbers / channels) ** (1 / dimensions))
        if patterns.shape[1] != shape[-1] or side**dimensions * channels != numbers:
            raise ValueError(
                f"patterns: {tuple(patterns.shape)} for latents {shape} of {channels} channels"
            )
        if side % stride:
            raise ValueError(f"stride: {stride}, expected a divisor of a patch's {side} points")
        self.channels, self.cells = channels, shape[0]
        self.coarse = shape[0] * side // stride
        self.patterns: Tensor
        self.register_buffer("patterns", patterns)
        # A coefficient has unit variance; drawn, it is spread over S / k numbers.
        self.scale = math.sqrt(numbers / shape[-1])
        drawn = (*[self.coarse] * dimensions, stride**dimensions * channels)
        self.inputs = inputs
        self.network = UNet(drawn, widths=widths, blocks=blocks, cellwise=False, inputs=inputs)

    def forward(self, noisy: Tensor, timestep: Tensor) -> Tensor:
        """Prediction ``(B, P, ..., P, k)`` for noisy coefficients at time steps ``(B,)``."""
        drawn = [
            to_patches(
                from_patches(self.scale * each @ self.patterns.T, self.channels), self.coarse
            )
            for each in noisy.chunk(self.inputs, dim=-1)
        ]
        predicted = self.network(torch.cat(drawn, dim=-1), timestep)
        picture = from_patches(predicted.float(), self.channels)
        return to_patches(picture, self.cells) @ self.patterns / self.scale
