"""LIFT's fused latent by what its regions draw of it: the view that a `PatchUNet` denoises.

Rectified fused latents are hard to model as they are: most of their numbers draw nothing, some are
heavy-tailed, and one channel means something else in every region, whose network is its own. To
first order, though, a region's patch is a linear function of its fused latent. This view keeps the
directions that draw something, measures them by what they draw, and turns them until one channel
draws the same pattern in every region.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lift.bars import progress_bar
from lift.field import Latent
from lift.functaset import Functaset
from lift.model import LIFT

KEPT = 0.9999
"""Share of the patches' variance that the kept directions draw."""
OUTSIDE = 0.002
"""Share of the training latents that lie outside of the range of a number."""
RIDGE = 1e-4
"""Added to what a direction draws, of their mean: one that draws nothing can be divided by."""
MOST_LATENTS, MOST_RENDERED = 10_000, 2_000
"""Training latents that statistics are taken of, and those that are rendered for it."""
PROBES = 4
"""Random cotangents of each rendered signal."""
FUSED_AT_ONCE, RENDERED_AT_ONCE = 256, 50


@dataclass(frozen=True)
class Patches:
    """Coefficients ``(B, P, ..., P, k)`` of patterns that all regions share.

    Args:
        low, high: range of the fused latents, ``(M, d)``; what lies outside is cut.
        mean: of the cut ones, ``(M, 1, d)``.
        into, back: ``(M, d, k)`` and ``(M, k, d)``; ``back`` is the inverse of ``into`` on the
            directions that are kept, and leaves the others at their mean.
        patterns: orthonormal, ``(S, k)`` for the ``S = R**D * C`` numbers of a region's patch,
            channels last.
        bounds: range of the coefficients, ``(2, P, ..., P, k)``.
    """

    field: LIFT
    low: Tensor
    high: Tensor
    mean: Tensor
    into: Tensor
    back: Tensor
    patterns: Tensor
    bounds: Tensor

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.bounds.shape[1:])

    def see(self, latent: Latent) -> Tensor:
        with torch.no_grad():
            fused = self.field.generator.fuse(latent).flatten(1, -2)  # (B, M, d)
        cut = fused.clamp(self.low.to(fused.device), self.high.to(fused.device))
        return self.bound(self._coefficients(cut))

    def latent(self, seen: Tensor) -> Latent:
        regions = seen.flatten(1, -2).transpose(0, 1)  # (M, B, k)
        fused = regions @ self.back.to(seen.device) + self.mean.to(seen.device)
        grid = fused.transpose(0, 1).unflatten(1, self.shape[:-1])
        return {"fused": self.field.generator.activation(grid)}

    def bound(self, seen: Tensor) -> Tensor:
        return seen.clamp(*self.bounds.to(seen.device))

    def _coefficients(self, fused: Tensor) -> Tensor:
        """Not bounded; of cut fused latents ``(B, M, d)``."""
        centred = fused.transpose(0, 1) - self.mean.to(fused.device)
        seen = centred @ self.into.to(fused.device)
        return seen.transpose(0, 1).unflatten(1, self.shape[:-1])


def patches_of(field: LIFT, functaset: Functaset) -> Patches:
    """The view of a functaset's training latents.

    With ``G = E[J^T J]`` of a region's rendering ``J`` and ``C`` the covariance of its fused
    latent, ``G^(1/2) C G^(1/2)`` has the principal axes of what the region draws. Turning them
    (orthogonal Procrustes) towards the principal patterns of all regions' patches leaves lengths
    alone: a unit of any coefficient is the same squared error in the picture.
    """
    signals = len(next(iter(functaset.splits["train"].values())))
    batches = fused_latents(field, functaset, _spaced(signals, MOST_LATENTS))
    fused = torch.cat(list(batches)).flatten(1, -2).numpy()  # (N, M, d)
    low = torch.from_numpy(np.quantile(fused, OUTSIDE / 2, axis=0, method="lower"))
    high = torch.from_numpy(np.quantile(fused, 1 - OUTSIDE / 2, axis=0, method="higher"))
    cut = torch.from_numpy(fused).clamp(low, high)
    chosen = cut[_spaced(len(cut), MOST_RENDERED)]
    patches, drawn = _render(field, chosen)  # (n, M, S), (M, d, d)

    # The principal axes of what each region draws.
    mean = cut.mean(0, dtype=torch.float64)[:, None]  # (M, 1, d)
    covariance = torch.stack([torch.cov(each.double().T, correction=0) for each in cut.unbind(1)])
    smallest = RIDGE * drawn.diagonal(dim1=1, dim2=2).mean(1) + torch.finfo(torch.float64).tiny
    drawn = drawn + smallest[:, None, None] * torch.eye(drawn.shape[-1])
    strength, directions = torch.linalg.eigh(drawn)
    root = directions * strength.sqrt()[:, None] @ directions.transpose(1, 2)
    inverse = directions * strength.rsqrt()[:, None] @ directions.transpose(1, 2)
    variance, axes = torch.linalg.eigh(root @ covariance @ root)
    variance, axes = variance.flip(-1).clamp(min=0), axes.flip(-1)
    share = variance.sum(0).cumsum(0) / variance.sum().clamp(min=1e-300)
    kept = min(int((share < KEPT).sum()) + 1, patches.shape[-1])
    axes = axes[..., :kept]
    scale = math.sqrt(max(variance[:, :kept].mean().item(), 1e-12))

    # Turn them, so that one channel draws the same pattern everywhere.
    centred = (patches - patches.mean(0)).double()
    spread = torch.einsum("nms,nmt->st", centred, centred)
    patterns = torch.linalg.eigh(spread).eigenvectors.flip(1)[:, :kept]
    coefficients = (chosen.double().transpose(0, 1) - mean) @ root @ axes
    wished = (centred @ patterns).transpose(0, 1)
    left, _, right = torch.linalg.svd(coefficients.transpose(1, 2) @ wished)
    axes = axes @ (left @ right)

    # To float, and the range of what comes out.
    cells = [field.regions_per_axis] * field.domain.dimensions
    view = Patches(
        field,
        low,
        high,
        mean.float(),
        (root @ axes / scale).float(),
        (scale * axes.transpose(1, 2) @ inverse).float(),
        patterns.float(),
        torch.empty(2, *cells, kept),
    )
    seen = view._coefficients(cut).numpy()
    view.bounds[0] = torch.from_numpy(np.quantile(seen, OUTSIDE / 2, axis=0, method="lower"))
    view.bounds[1] = torch.from_numpy(np.quantile(seen, 1 - OUTSIDE / 2, axis=0, method="higher"))
    return view


def to_patches(grid: Tensor, cells: int) -> Tensor:
    """Patches ``(B, P, ..., P, R**D * C)`` of grids ``(B, P*R, ..., P*R, C)``."""
    dimensions = grid.ndim - 2
    for axis in range(dimensions):
        grid = grid.unflatten(1 + 2 * axis, (cells, -1))
    outer, inner = range(1, 2 * dimensions, 2), range(2, 2 * dimensions + 1, 2)
    return grid.permute(0, *outer, *inner, 2 * dimensions + 1).flatten(dimensions + 1)


def from_patches(patches: Tensor, channels: int) -> Tensor:
    """The inverse of `to_patches`."""
    dimensions, cells = patches.ndim - 2, patches.shape[1:-1]
    side = round((patches.shape[-1] / channels) ** (1 / dimensions))
    grid = patches.unflatten(-1, (*[side] * dimensions, channels))
    paired = [axis for cell in range(1, dimensions + 1) for axis in (cell, cell + dimensions)]
    grid = grid.permute(0, *paired, 2 * dimensions + 1)
    return grid.reshape(len(patches), *[side * size for size in cells], channels)


def fused_latents(field: LIFT, functaset: Functaset, positions: np.ndarray) -> Iterator[Tensor]:
    """Z-alpha of training latents in batches ``(B, P, ..., P, d)``, on the host."""
    alike = field.generator.modulate.weight  # copies for classifiers are stored in half precision
    for batch in np.array_split(positions, math.ceil(len(positions) / FUSED_AT_ONCE)):
        latent = functaset.latent("train", batch)
        with torch.no_grad():
            yield field.generator.fuse({key: z.to(alike) for key, z in latent.items()}).cpu()


def _render(field: LIFT, fused: Tensor) -> tuple[Tensor, Tensor]:
    """Patches ``(n, M, S)``, and ``E[J^T J]`` ``(M, d, d)`` of their rendering in float64.

    For a cotangent of random signs, ``J^T v v^T J`` has that expectation; a region's patch depends
    on its own latent alone, so that one backward pass gives it for all regions.
    """
    device, cells = next(field.parameters()).device, field.regions_per_axis
    generator = torch.Generator().manual_seed(0)
    total = torch.zeros(fused.shape[1], fused.shape[2], fused.shape[2], dtype=torch.float64)
    parts = []
    for batch in progress_bar(fused.split(RENDERED_AT_ONCE), desc="regions' patterns"):
        z = batch.to(device).requires_grad_()
        grid = z.unflatten(1, [cells] * field.domain.dimensions)
        rendered = to_patches(field.render({"fused": grid}), cells).flatten(1, -2)
        parts.append(rendered.detach().cpu())
        for _ in range(PROBES):
            signs = torch.randint(0, 2, rendered.shape, generator=generator).to(device) * 2.0 - 1
            (pulled,) = torch.autograd.grad(rendered, z, signs, retain_graph=True)
            pulled = pulled.transpose(0, 1).double().cpu()
            total += pulled.transpose(1, 2) @ pulled
    return torch.cat(parts), total / (PROBES * len(fused))


def _spaced(available: int, most: int) -> np.ndarray:
    return np.linspace(0, available - 1, min(available, most)).round().astype(int)
