"""ReLIFT: a sine network with scaled first frequencies and identity skips, for one signal.

``z_0 = sin(gamma w0 (W_0 r + b_0))``, ``z_l = sin(w0 (W_l z_(l-1) + b_l)) + z_(l-1)``, then a
linear layer (Kazerouni et al., ICCV 2025). ``gamma > 1`` scales the first layer's frequencies
alone. Inside LIFT the same two changes are settings of its local MLPs.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lift import siren


class ReLIFT(nn.Module):
    """Coordinates ``(N, D)`` in ``[-1, 1]`` to values ``(N, C)``.

    Args:
        width: of every sine layer.
        hidden: sine layers after the first.
        first_w0: frequency factor of the first layer, before ``gamma``.
        w0: frequency factor of the others; theirs is SIREN's initialisation.
        residual: without it and with ``gamma = 1`` this is SIREN.
    """

    def __init__(
        self,
        dimensions: int,
        channels: int,
        *,
        width: int,
        hidden: int,
        first_w0: float,
        w0: float,
        gamma: float,
        residual: bool = True,
    ) -> None:
        super().__init__()
        self.first_w0, self.w0, self.gamma, self.residual = first_w0, w0, gamma, residual
        self.first = nn.Linear(dimensions, width)  # its bias stays U(-1/sqrt(D), 1/sqrt(D))
        self.hidden = nn.ModuleList(nn.Linear(width, width) for _ in range(hidden))
        self.last = nn.Linear(width, channels)
        siren.first_layer_(self.first.weight, dimensions)
        for layer in (*self.hidden, self.last):
            siren.hidden_layer_(layer.weight, width, w0)

    def forward(self, coords: Tensor) -> Tensor:
        """Values at coordinates."""
        z = torch.sin(self.gamma * self.first_w0 * self.first(coords))
        for layer in self.hidden:
            sine = torch.sin(self.w0 * layer(z))
            z = sine + z if self.residual else sine
        return self.last(z)
