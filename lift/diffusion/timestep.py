"""How a denoiser is told the time step."""

from __future__ import annotations

import math

import torch
from torch import Tensor

LONGEST_PERIOD = 10_000


def sinusoidal(timestep: Tensor, width: int) -> Tensor:
    """Cosines and sines ``(B, width)`` of time steps ``(B,)`` at geometric frequencies, as DDPM."""
    half = width // 2
    exponent = torch.arange(half, device=timestep.device, dtype=torch.float32) / half
    angle = timestep.float().unsqueeze(1) * torch.exp(-math.log(LONGEST_PERIOD) * exponent)
    return torch.cat([angle.cos(), angle.sin()], dim=1)
