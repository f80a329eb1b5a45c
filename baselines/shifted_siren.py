"""The sine network that Functa and Spatial Functa share: modulated by shifts alone."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from lift import siren


class ShiftedSiren(nn.Module):
    """``h_l = sin(w0 (W_l h_(l-1) + b_l + m_l))``, then ``W h + b + 0.5``.

    Initialised as in Functa's released code: sine initialisation for every weight, the output
    layer's too, and zero biases.

    Args:
        inputs: features of one point.
        width: of the sine layers.
        depth: linear layers in all, the output layer included (the papers' convention): there
            are ``depth - 1`` sine layers.
        channels: of the output.
        w0: frequency factor of every sine layer.

    Raises:
        ValueError: there is no sine layer.
    """

    def __init__(self, inputs: int, width: int, depth: int, channels: int, w0: float) -> None:
        super().__init__()
        if depth < 2:
            raise ValueError(
                f"depth: {depth}, expected at least 2: one sine layer and the output layer"
            )
        self.w0 = w0
        self.width = width
        self.sine_layers = depth - 1
        sizes = [inputs] + [width] * self.sine_layers + [channels]
        self.weights = nn.ParameterList(torch.empty(o, i) for i, o in itertools.pairwise(sizes))
        self.biases = nn.ParameterList(torch.zeros(size) for size in sizes[1:])
        siren.first_layer_(self.weights[0], inputs)
        for weight in self.weights[1:]:
            siren.hidden_layer_(weight, width, w0)

    def forward(self, points: Tensor, shifts: Sequence[Tensor]) -> Tensor:
        """Values at points.

        Args:
            points: ``(S, ..., inputs)``; S is 1 for points that all signals share, else B. Shared
                points pass the first layer once, and meet the signals at its shift.
            shifts: one tensor a sine layer, ``(B, ..., W)``, broadcast over points.

        Returns:
            ``(B, ..., C)``.
        """
        h = points
        for weight, bias, shift in zip(self.weights, self.biases, shifts, strict=False):
            h = torch.sin(self.w0 * (linear(h, weight, bias) + shift))
        return linear(h, self.weights[-1], self.biases[-1]) + 0.5

    def hidden_matrices(self) -> list[nn.Parameter]:
        """The square matrices between sine layers."""
        return list(self.weights)[1:-1]

    @property
    def weight_count(self) -> int:
        """Entries of all matrices: multiply-adds of one point."""
        return sum(weight.numel() for weight in self.weights)

    @property
    def hidden_weight_count(self) -> int:
        """The same without the first layer, through which no latent's gradient flows."""
        return self.weight_count - self.weights[0].numel()

    @property
    def bias_count(self) -> int:
        """Entries of all biases: additions of one point."""
        return sum(bias.numel() for bias in self.biases)
