"""A denoiser around the one that is exact for a Gaussian."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor, nn

SMALLEST_VARIANCE = 1e-6


class Moments(NamedTuple):
    """Mean ``(n,)``, leading principal axes ``(n, a)``, and the variances ``(a,)`` along them.

    ``rest`` is the mean variance of the directions that are left.
    """

    mean: Tensor
    axes: Tensor
    variances: Tensor
    rest: Tensor


def gaussian_moments(batches: Iterable[Tensor], axes: int) -> Moments:
    """Of latents ``(B, ...)``, flattened to n numbers; in float64, n**2 of memory."""
    count, total, products = 0, torch.zeros(()), torch.zeros(())
    for batch in batches:
        flat = batch.flatten(1).double().cpu()
        count, total, products = count + len(flat), total + flat.sum(0), products + flat.T @ flat
    mean = total / count
    variances, directions = torch.linalg.eigh(products / count - torch.outer(mean, mean))
    variances, directions = variances.flip(0).clamp(min=SMALLEST_VARIANCE), directions.flip(1)
    rest = variances[axes:].mean() if axes < len(mean) else variances.new_tensor(SMALLEST_VARIANCE)
    kept = mean, directions[:, :axes].contiguous(), variances[:axes], rest
    return Moments(*(each.float() for each in kept))


class AroundGaussian(nn.Module):
    """The posterior mean of a Gaussian, and what a network adds to it.

    At noise variance ``v`` and signal ``a = 1 - v``, a Gaussian's posterior mean along an axis of
    variance ``e`` is ``sqrt(a) e / (a e + v)`` of what is seen, and its posterior variance is
    ``p = e v / (a e + v)``. The network sees the posterior mean too, and its output counts in
    posterior standard deviations along every axis: where the latents' covariance leaves no doubt
    (at a border that two regions share, say) it can spoil nothing. An untrained network that gives
    zero leaves the Gaussian's denoiser, to which a short training of a network alone does not come.
    In the manner of Karras et al. (NeurIPS 2022, section 5), with a covariance for one variance;
    how far a Gaussian goes is Wang and Vastola's observation (TMLR 2024).

    Args:
        network: ``network(noisy and posterior mean side by side (B, ..., 2 d), timestep (B,))``,
            ``(B, ..., d)``.
        kept: ``a`` of every time step, ``(STEPS,)``.
    """

    def __init__(self, network: nn.Module, moments: Moments, kept: Tensor) -> None:
        super().__init__()
        self.network = network
        self.mean: Tensor
        self.axes: Tensor
        self.variances: Tensor
        self.rest: Tensor
        self.kept: Tensor
        for name, value in {**moments._asdict(), "kept": kept}.items():
            self.register_buffer(name, value.clone())

    def forward(self, noisy: Tensor, timestep: Tensor) -> Tensor:
        """Predicted clean latents ``(B, ...)`` in float32."""
        kept = self.kept[timestep][:, None]
        with torch.autocast(noisy.device.type, enabled=False):
            # Exact where bfloat16 would drown the little noise of the last steps.
            offset = noisy.float().flatten(1) - kept.sqrt() * self.mean
            gains = [kept.sqrt() * e / (kept * e + 1 - kept) for e in (self.variances, self.rest)]
            posterior = self.mean + self._along_axes(offset, *gains)
        seen = torch.cat([noisy, posterior.view_as(noisy)], dim=-1)
        added = self.network(seen, timestep).float().flatten(1)
        with torch.autocast(noisy.device.type, enabled=False):
            along, rest = self._posterior_variances(kept)
            return (posterior + self._along_axes(added, along.sqrt(), rest.sqrt())).view_as(noisy)

    def expected_error(self, timestep: Tensor) -> Tensor:
        """Mean squared error ``(B,)`` of the Gaussian's denoiser if the latents were Gaussian."""
        along, rest = self._posterior_variances(self.kept[timestep][:, None])
        others = len(self.mean) - len(self.variances)
        return (along.sum(1) + others * rest[:, 0]) / len(self.mean)

    def _along_axes(self, flat: Tensor, along: Tensor, rest: Tensor) -> Tensor:
        """``(B, n)`` multiplied by ``along`` ``(B, a)`` on the axes and by ``rest`` elsewhere."""
        return rest * flat + (flat @ self.axes * (along - rest)) @ self.axes.T

    def _posterior_variances(self, kept: Tensor) -> tuple[Tensor, Tensor]:
        noise = 1 - kept
        along, rest = (e * noise / (kept * e + noise) for e in (self.variances, self.rest))
        return along, rest
