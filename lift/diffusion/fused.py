"""LIFT's fused latent as stage 2 sees it: classifiers by channels, denoisers by what is drawn."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lift.diffusion.places import apart, folded, of_places, places_shape, unfolded
from lift.field import Latent, NeuralField
from lift.functaset import Functaset
from lift.model import LIFT

EPSILON = 1e-8
"""Added to standard deviations, as mNIF: a channel that never varies stays finite."""
FUSED_AT_ONCE = 256
PROBED_VALUES = 2**18
"""Values of signals on which `response` is measured."""
RIDGE, SMALLEST = 1e-3, 1e-6
"""Least response of a direction, and least variance, as a share of the mean and of the sum."""


@dataclass(frozen=True)
class Fused:
    """LIFT's fused latent Z-alpha, which its generator's last layer turns into shifts.

    Where the generator has rectifiers Z-alpha is never negative, and a sample is cut at zero.

    Args:
        mean: ``(d,)`` of Z-alpha.
        basis, inverse: ``(d, d)``, from Z-alpha without its mean to what is seen, and back.
        places: along each axis of a region, which are cells of what is seen.
    """

    field: LIFT
    mean: Tensor
    basis: Tensor
    inverse: Tensor
    places: int = 1

    @property
    def shape(self) -> tuple[int, ...]:
        return places_shape(self.field, self.places)

    def see(self, latent: Latent) -> Tensor:
        device = next(iter(latent.values())).device
        # Z-alpha lies many deviations from zero: bfloat16 products would round a part of one away.
        with torch.no_grad(), torch.autocast(device.type, enabled=False):
            fused = self.field.generator.fuse(latent)
            return unfolded((fused - self.mean.to(device)) @ self.basis.to(device), self.places)

    def latent(self, seen: Tensor) -> Latent:
        with torch.autocast(seen.device.type, enabled=False):
            regions = folded(seen, self.places)
            fused = regions @ self.inverse.to(seen.device) + self.mean.to(seen.device)
        return {"fused": self.field.generator.activation(fused)}


def fusing(field: NeuralField) -> LIFT:
    """The field, which has a latent generator.

    Raises:
        ValueError: it has none.
    """
    if not isinstance(field, LIFT):
        raise ValueError(
            f"geometry: 'fused' for a {type(field).__name__}; expected 'scales', only LIFT fuses"
        )
    return field


def standardised(field: LIFT, functaset: Functaset) -> Fused:
    """Z-alpha, each channel with mean 0 and deviation 1."""
    mean, covariance = fused_moments(field, functaset)
    std = covariance.diagonal().sqrt() + EPSILON
    return Fused(field, mean.float(), (1 / std).diag().float(), std.diag().float())


def drawn(field: LIFT, functaset: Functaset, places: int = 1) -> Fused:
    """Z-alpha in directions that are told apart by what regions draw.

    With the metric ``M = mean(J^T J)`` of how values follow Z-alpha, a step of length one in
    ``M^(1/2) Z`` changes values alike in every direction. There the latents' principal axes have
    deviations from large (what a region shows) to very small (its grain); the square root of each
    deviation is divided out, half of what whitening would, and all of it is scaled to a mean square
    of 1. Noise that a denoiser leaves is then seen less than half as much as where each channel has
    deviation 1 (``docs/searches.md``).

    Args:
        places: along each axis of a region. With more than one, ``M^(1/2) Z`` is turned before so
            that each place has channels of its own, the same ones in every place (`apart`), whose
            principal axes are taken. One rotation serves all regions, as their mean response says:
            made for regions that share one network.

    Raises:
        ValueError: a region does not divide into as many places.
    """
    *_, channels = places_shape(field, places)
    mean, covariance = fused_moments(field, functaset)
    changes = jacobian(field, some_fused(field, functaset)).cpu()
    metric = response(changes).double()
    metric += RIDGE * metric.trace() / len(metric) * torch.eye(len(metric), dtype=torch.float64)
    squares, axes = torch.linalg.eigh(metric)
    root, unroot = ((axes * squares**power) @ axes.T for power in (0.5, -0.5))
    if places > 1:
        turn = apart(of_places(field, changes, places).double() @ unroot, channels)
        root, unroot = root @ turn, turn.T @ unroot
    count = len(metric) // channels
    by_place = (root.T @ covariance @ root).reshape(count, channels, count, channels)
    variances, axes = torch.linalg.eigh(torch.einsum("pcpd->cd", by_place) / count)
    variances = variances.clamp(min=SMALLEST * float(variances.sum()))
    scale = variances.sqrt().mean().sqrt()
    basis = root @ torch.block_diag(*[axes * variances**-0.25 / scale] * count)
    inverse = torch.block_diag(*[(axes * variances**0.25 * scale).T] * count) @ unroot
    return Fused(field, mean.float(), basis.float(), inverse.float(), places)


def fused_moments(field: LIFT, functaset: Functaset) -> tuple[Tensor, Tensor]:
    """Mean ``(d,)`` and covariance ``(d, d)`` of Z-alpha over training latents and cells."""
    channels, count = field.fused_channels, 0
    total = torch.zeros(channels, dtype=torch.float64)
    products = torch.zeros(channels, channels, dtype=torch.float64)
    signals = len(next(iter(functaset.splits["train"].values())))
    for batch in np.array_split(np.arange(signals), math.ceil(signals / FUSED_AT_ONCE)):
        flat = fused_of(field, functaset, batch).cpu().flatten(0, -2).double()
        total += flat.sum(0)
        products += flat.T @ flat
        count += len(flat)
    mean = total / count
    covariance = (products / count - mean.outer(mean)) * count / max(count - 1, 1)
    covariance.diagonal().clamp_(min=0)
    return mean, covariance


def fused_of(field: LIFT, functaset: Functaset, batch: np.ndarray) -> Tensor:
    """Z-alpha of some training latents, on the field's device."""
    alike = field.generator.modulate.weight  # copies for classifiers are stored in half precision
    latent = functaset.latent("train", batch)
    with torch.no_grad():
        return field.generator.fuse({key: z.to(alike) for key, z in latent.items()})


def some_fused(field: LIFT, functaset: Functaset) -> Tensor:
    """Z-alpha of as many training latents as `response` is measured on."""
    signals = len(next(iter(functaset.splits["train"].values())))
    count = min(max(PROBED_VALUES // (field.domain.points * field.domain.channels), 1), signals)
    return fused_of(field, functaset, np.arange(0, signals, max(signals // count, 1))[:count])


@torch.no_grad()
def jacobian(field: LIFT, fused: Tensor) -> Tensor:
    """How all values change with each channel of Z-alpha, ``(d, B, R, ..., R, C)``.

    A value depends on its own region's Z-alpha alone, so that all cells are moved at once.

    Args:
        fused: ``(B, P, ..., P, d)``.
    """

    def draw(fused: Tensor) -> Tensor:
        return field.render({"fused": field.generator.activation(fused)})

    changes = []
    for channel in range(fused.shape[-1]):
        direction = torch.zeros_like(fused)
        direction[..., channel] = 1
        changes.append(torch.func.jvp(draw, (fused,), (direction,))[1])
    return torch.stack(changes)


def response(changes: Tensor) -> Tensor:
    """``mean(J^T J)``, ``(d, d)``, of a `jacobian`."""
    flat = changes.flatten(1)
    return flat @ flat.T / flat.shape[1]
