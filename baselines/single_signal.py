"""Coordinate networks that ReLIFT is compared with on one signal. All take ``(N, D)`` in [-1, 1].

As the comparison that INCODE's code runs (the same first author's) builds them; their constants are
in ``config/single_signal.yaml``.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from lift import siren
from lift.relift import ReLIFT


class SIREN(ReLIFT):
    """Sine layers (Sitzmann et al. 2020): ReLIFT without either of its changes."""

    def __init__(
        self, dimensions: int, channels: int, *, width: int, hidden: int, first_w0: float, w0: float
    ) -> None:
        super().__init__(
            dimensions,
            channels,
            width=width,
            hidden=hidden,
            first_w0=first_w0,
            w0=w0,
            gamma=1.0,
            residual=False,
        )


class FINER(nn.Module):
    """Sines of variable period (Liu et al. 2024): ``sin(w0 (|z| + 1) z)``.

    Args:
        first_bias: the first layer's biases are uniform in ``[-first_bias, first_bias]``.
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
        first_bias: float,
    ) -> None:
        super().__init__()
        self.w0 = [first_w0] + [w0] * hidden
        sizes = [dimensions] + [width] * (hidden + 1)
        first, *others = map(nn.Linear, sizes[:-1], sizes[1:])
        self.layers = nn.ModuleList([first, *others])
        self.last = nn.Linear(width, channels)
        siren.first_layer_(first.weight, dimensions)
        nn.init.uniform_(first.bias, -first_bias, first_bias)
        for layer in (*others, self.last):
            siren.hidden_layer_(layer.weight, width, w0)

    def forward(self, coords: Tensor) -> Tensor:
        """Values at coordinates."""
        h = coords
        for layer, w0 in zip(self.layers, self.w0, strict=True):
            z = layer(h)
            h = torch.sin(w0 * (z.detach().abs() + 1) * z)  # FINER's gradient skips the factor
        return self.last(h)


class Gauss(nn.Module):
    """Gaussian activations (Ramasinghe & Lucey 2022): ``exp(-(sigma z)^2)``.

    Args:
        first_sigma: sigma of the first layer, whose bumps have to be as narrow as the signal's
            details.
    """

    def __init__(
        self,
        dimensions: int,
        channels: int,
        *,
        width: int,
        hidden: int,
        first_sigma: float,
        sigma: float,
    ) -> None:
        super().__init__()
        self.sigma = [first_sigma] + [sigma] * hidden
        sizes = [dimensions] + [width] * (hidden + 1)
        self.layers = nn.ModuleList(map(nn.Linear, sizes[:-1], sizes[1:]))
        self.last = nn.Linear(width, channels)

    def forward(self, coords: Tensor) -> Tensor:
        """Values at coordinates."""
        h = coords
        for layer, sigma in zip(self.layers, self.sigma, strict=True):
            h = torch.exp(-((sigma * layer(h)) ** 2))
        return self.last(h)


class WIRE(nn.Module):
    """Complex Gabor wavelets (Saragadam et al. 2023): ``exp(i w0 z - |sigma z|^2)``.

    A complex weight is two numbers, so the published network is ``width / sqrt(2)`` wide; the real
    part of the last layer is the value.
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
        first_sigma: float,
        sigma: float,
    ) -> None:
        super().__init__()
        self.w0 = [first_w0] + [w0] * hidden
        self.sigma = [first_sigma] + [sigma] * hidden
        narrow = int(width / math.sqrt(2))
        self.first = nn.Linear(dimensions, narrow)
        self.hidden = nn.ModuleList(
            nn.Linear(narrow, narrow, dtype=torch.cfloat) for _ in range(hidden)
        )
        self.last = nn.Linear(narrow, channels, dtype=torch.cfloat)

    def forward(self, coords: Tensor) -> Tensor:
        """Values at coordinates.

        Complex numbers are pairs of real ones here, whose matrix products and waves are faster.
        """
        real = self.first(coords)
        z = torch.cat((real, torch.zeros_like(real)), dim=-1)
        h = wavelet(z, self.w0[0], self.sigma[0])
        for layer, w0, sigma in zip(self.hidden, self.w0[1:], self.sigma[1:], strict=True):
            h = wavelet(complex_linear(layer, h), w0, sigma)
        return complex_linear(self.last, h).chunk(2, dim=-1)[0]


def wavelet(z: Tensor, w0: float, sigma: float) -> Tensor:
    """Of real parts and then imaginary parts ``(N, 2W)`` the same."""
    real, imaginary = z.chunk(2, dim=-1)
    decay = sigma**2 * (real.square() + imaginary.square())
    amplitude, phase = torch.exp(-w0 * imaginary - decay), w0 * real
    return torch.cat((amplitude * phase.cos(), amplitude * phase.sin()), dim=-1)


def complex_linear(layer: nn.Module, h: Tensor) -> Tensor:
    """A complex layer on ``(N, 2I)``, real parts before imaginary ones; ``(N, 2O)``."""
    assert isinstance(layer, nn.Linear)
    real, imaginary = torch.view_as_real(layer.weight).unbind(-1)
    weight = torch.cat((torch.cat((real, -imaginary), 1), torch.cat((imaginary, real), 1)))
    return functional.linear(h, weight, torch.view_as_real(layer.bias).T.flatten())


def nyquist_octaves(samples: int) -> int:
    """Octaves of an encoding for a side of so many samples: ``floor(log2(samples / 4))``.

    INCODE's and WIRE's rule for one and two coordinates (SIREN's before them); of three they take
    ten octaves whatever the grid, here it is the rule's. One at least.
    """
    return max(1, (samples // 4).bit_length() - 1)


class ReLUPE(nn.Module):
    """Rectifiers over a positional encoding (Mildenhall et al. 2020).

    Args:
        octaves: the encoding has sines and cosines of ``pi 2^k`` times each coordinate, ``k`` below
            ``octaves``, beside the coordinate itself.
    """

    def __init__(
        self, dimensions: int, channels: int, *, width: int, hidden: int, octaves: int
    ) -> None:
        super().__init__()
        self.octaves = octaves
        sizes = [dimensions * (1 + 2 * octaves)] + [width] * (hidden + 1)
        self.layers = nn.ModuleList(map(nn.Linear, sizes[:-1], sizes[1:]))
        self.last = nn.Linear(width, channels)

    def encode(self, coords: Tensor) -> Tensor:
        """``(N, D (1 + 2 octaves))``."""
        scales = math.pi * 2.0 ** torch.arange(self.octaves, dtype=coords.dtype)
        angles = (coords.unsqueeze(-1) * scales.to(coords.device)).flatten(1)
        return torch.cat([coords, angles.sin(), angles.cos()], dim=1)

    def forward(self, coords: Tensor) -> Tensor:
        """Values at coordinates."""
        h = self.encode(coords)
        for layer in self.layers:
            h = torch.relu(layer(h))
        return self.last(h)
