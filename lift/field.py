"""The interface that every method of this project implements: a neural field with a latent.

Letters used in every shape of this project:

    B  signals in a batch          N  points               C  channels of a signal
    D  dimensions of the domain    R  resolution per axis  M  regions of the domain
    K  points in one region        W  width of a layer     L  sine layers

A *signal* is a function on the unit cube ``[0, 1]^D``, sampled on a regular grid. Coordinates are
always those of the unit cube, the row index first, and grids sample it at pixel centres
``(i + 1/2) / R``; a method that was published with another convention converts inside ``locate``.
Signal values are always in ``[0, 1]``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

Latent = dict[str, Tensor]
"""One tensor a scale, batch first: ``{"global": (B, ...), "local": (B, ...)}``."""

Query = dict[str, Tensor]
"""What a field precomputes about coordinates, free of parameters and of gradients."""

Rates = Mapping[str, Tensor]
"""Inner step sizes by latent name, each broadcastable to that latent without its batch."""


@dataclass(frozen=True)
class Domain:
    """The grid that a data set's signals live on.

    Raises:
        ValueError: a count is not positive, or there are more than three dimensions.
    """

    dimensions: int
    resolution: int
    channels: int

    def __post_init__(self) -> None:
        if self.dimensions not in (1, 2, 3):
            raise ValueError(f"domain dimensions: {self.dimensions}, expected 1, 2 or 3")
        if self.resolution < 1 or self.channels < 1:
            raise ValueError(
                f"domain resolution and channels: {self.resolution} and {self.channels}, "
                "expected positive counts"
            )

    @property
    def points(self) -> int:
        """Points of the whole grid, ``R**D``."""
        return self.resolution**self.dimensions

    def grid(self, resolution: int | None = None, device: torch.device | None = None) -> Tensor:
        """Pixel centres of the whole grid in row-major order, ``(1, R**D, D)``, in ``[0, 1]``."""
        size = resolution or self.resolution
        axis = (torch.arange(size, device=device, dtype=torch.get_default_dtype()) + 0.5) / size
        axes = torch.meshgrid(*[axis] * self.dimensions, indexing="ij")
        return torch.stack(axes, dim=-1).reshape(1, -1, self.dimensions)


@dataclass(frozen=True)
class Cost:
    """What one signal costs, in closed form.

    ``macs`` counts one multiply-add of every matrix product for one forward of the whole grid from
    a latent, biases left out; ``bias_adds`` are the additions that biases cost. Papers that count
    "FLOPs" print one or the sum (never twice ``macs``). ``encode_macs`` is the cost of encoding
    one signal with three inner steps: three forwards, and three gradients with respect to the
    latent alone, whose parameters need none; a penalty on latents is left out.

    ``parameters`` are the learnable ones but for learned inner rates, the ``rate_parameters``;
    ``inference_parameters`` those that are read to evaluate one encoded signal: the weights of its
    field after the latent has been turned into it. ``mixing_macs`` are multiply-adds, once a
    signal, that turn a latent into weights and that the method's paper leaves out of its figure;
    ``macs`` leaves them out too. ``interpolation_macs`` are elementwise ones that read a latent's
    grid between its cells; no count of matrix products has them, and neither has ``macs``.
    """

    parameters: int
    inference_parameters: int
    latent_floats: int
    macs: int
    bias_adds: int
    encode_macs: int
    mixing_macs: int = 0
    interpolation_macs: int = 0
    rate_parameters: int = 0


class NeuralField(nn.Module, ABC):
    """A field shared by all signals, that a small latent turns into one signal."""

    domain: Domain

    @abstractmethod
    def zero_latent(self, batch: int) -> Latent:
        """The latent that every inner loop starts from."""

    @abstractmethod
    def inner_rates(self, step: int) -> Rates:
        """Step sizes of inner step number ``step``, from 0, fixed or learned."""

    @abstractmethod
    def locate(self, coords: Tensor) -> Query:
        """Prepares coordinates, once a batch and not once an inner step.

        Args:
            coords: ``(1, N, D)`` shared by all signals, or ``(B, N, D)``, in ``[0, 1]``.
        """

    @abstractmethod
    def evaluate(self, latent: Latent, query: Query) -> Tensor:
        """Values ``(B, N, C)`` of the signals at located coordinates, in the given order."""

    @abstractmethod
    def cost(self) -> Cost:
        """Closed-form cost of one signal on the domain's grid."""

    def penalty(self, latent: Latent) -> Tensor:
        """A term ``(B,)`` that the method adds to each signal's error; none by default."""
        return next(iter(latent.values())).new_zeros(len(next(iter(latent.values()))))

    def first_gradient(self, query: Query, values: Tensor) -> Latent | None:
        """Gradient of every signal's error at the zero latent, where all signals are one.

        None where the method has no shorter way than to evaluate every signal; the `penalty` of
        a method that has one has no gradient there.

        Args:
            values: ``(B, N, C)`` at the points that ``query`` locates.
        """
        return None

    def hidden_matrices(self) -> list[nn.Parameter]:
        """Square matrices ``(..., W, W)`` between hidden layers, which Muon may train."""
        return []

    def regional_parameters(self) -> list[nn.Parameter]:
        """Parameters of one network a region, ``(M, ...)``; none where regions share one.

        They may hold ``(1, ...)`` while all regions are tied to one network.
        """
        return []

    def forward(self, latent: Latent, coords: Tensor) -> Tensor:
        """Values ``(B, N, C)`` at any coordinates ``(1, N, D)`` or ``(B, N, D)``."""
        return self.evaluate(latent, self.locate(coords))

    def render(self, latent: Latent, resolution: int | None = None) -> Tensor:
        """The whole grid ``(B, R, ..., R, C)`` at the domain's resolution or at another."""
        size = resolution or self.domain.resolution
        weight = next(self.parameters())
        coords = self.domain.grid(size, weight.device).to(weight.dtype)
        values = self.evaluate(latent, self.locate(coords))
        return values.reshape(-1, *[size] * self.domain.dimensions, self.domain.channels)
