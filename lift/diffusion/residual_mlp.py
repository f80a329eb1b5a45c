"""mNIF's denoiser of vectors: a residual MLP with skips from its first to its second half.

You et al., NeurIPS 2023 (arXiv 2310.19464), stage 2 of the released code, which declares it to be
Functa's architecture.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from lift.diffusion.timestep import sinusoidal
from lift.ranges import Count
from lift.zeroed import zeroed_

GROUPS = 16
TIME_WIDTH = 64


class ResidualBlock(nn.Module):
    """``x + Linear(SiLU(GN(Linear(SiLU(GN(x))) + Linear(SiLU(t)))))``, the last Linear zero."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm_in, self.norm_out = nn.GroupNorm(GROUPS, width), nn.GroupNorm(GROUPS, width)
        self.linear_in = kaiming_(nn.Linear(width, width))
        self.time = kaiming_(nn.Linear(TIME_WIDTH, width))
        self.linear_out = zeroed_(nn.Linear(width, width))

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        h = self.linear_in(F.silu(self.norm_in(x))) + self.time(F.silu(time))
        return x + self.linear_out(F.silu(self.norm_out(h)))


class ResidualMLP(nn.Module):
    """Denoises vectors ``(B, d)``.

    The inputs of the first half of the blocks are added to those of the second half, the first to
    the last. At the published 8 blocks of width 4096: 274,973,248 parameters for d = 512.

    Args:
        shape: ``(d,)``.
        width: of the blocks, a multiple of 16.
        blocks: an even number.

    Raises:
        ValueError: a latent that is no vector, or an impossible width or count.
    """

    def __init__(self, shape: tuple[int, ...], *, width: Count, blocks: Count) -> None:
        super().__init__()
        if len(shape) != 1:
            raise ValueError(f"residual_mlp: latents of shape {shape}; expected vectors (d,)")
        if width % GROUPS or width < GROUPS:
            raise ValueError(f"width: {width}, expected a multiple of {GROUPS}")
        if blocks % 2 or blocks < 2:
            raise ValueError(f"blocks: {blocks}, expected a positive even number")
        self.time = kaiming_(nn.Linear(TIME_WIDTH, TIME_WIDTH))
        self.enter = kaiming_(nn.Linear(shape[0], width))
        self.blocks = nn.ModuleList(ResidualBlock(width) for _ in range(blocks))
        self.norm = nn.GroupNorm(GROUPS, width)
        self.leave = kaiming_(nn.Linear(width, shape[0]))

    def forward(self, noisy: Tensor, timestep: Tensor) -> Tensor:
        """Prediction ``(B, d)`` for noisy vectors ``(B, d)`` at time steps ``(B,)``."""
        time = self.time(sinusoidal(timestep, TIME_WIDTH))
        x, skips = self.enter(noisy), []
        for place, block in enumerate(self.blocks):
            if place < len(self.blocks) // 2:
                skips.append(x)
            else:
                x = x + skips.pop()
            x = block(x, time)
        return self.leave(F.silu(self.norm(x)))


def kaiming_(linear: nn.Linear) -> nn.Linear:
    """Kaiming normal weights and zero biases, in place."""
    nn.init.kaiming_normal_(linear.weight)
    nn.init.zeros_(linear.bias)
    return linear
