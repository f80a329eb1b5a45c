"""How well occupancy grids are reconstructed.

The published ShapeNet numbers were measured next to the surface, where the error is; on the whole
grid the same field looks several times better. Both domains are reported, never mixed.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from benchmarks.datasets.near_surface import near_surface_mask
from benchmarks.metrics.chamfer import chamfer
from benchmarks.metrics.surface import surface_points
from lift.psnr import psnr


def iou(prediction: Tensor, target: Tensor) -> Tensor:
    """Intersection over union ``(B,)`` of the sets where values exceed 1/2.

    Args:
        prediction, target: ``(B, N, 1)`` in ``[0, 1]``. Two empty shapes agree: 1.
    """
    p, t = prediction.flatten(1) > 0.5, target.flatten(1) > 0.5
    union = (p | t).sum(1)
    return torch.where(union > 0, (p & t).sum(1) / union.clamp_min(1), 1.0)


def accuracy(prediction: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
    """Share ``(B,)`` of points on the right side of 1/2.

    Args:
        mask: ``(B, N)``, the points that count; all of them by default.
    """
    right = ((prediction >= 0.5) == (target >= 0.5)).squeeze(-1)
    return masked_mean(right.to(prediction.dtype), mask)


def masked_mean(values: Tensor, mask: Tensor | None) -> Tensor:
    """Mean ``(B,)`` of ``(B, N)`` over a mask; NaN where the mask is empty."""
    if mask is None:
        return values.mean(1)
    return (values * mask).sum(1) / mask.sum(1)


def whole_grid(
    prediction: Tensor, target: Tensor, positions: Sequence[int] | np.ndarray
) -> dict[str, Tensor]:
    """Each shape's overlap, accuracy and Chamfer distance ``(B,)``; NaN without a surface.

    Points on a surface are drawn anew for either shape of a pair: two samplings of one surface are
    not at distance zero.

    Args:
        prediction, target: ``(B, R, R, R)`` in ``[0, 1]``.
        positions: ``(B,)``, of the shapes in their split, which decide what is drawn.
    """
    distances = []
    pairs = zip(prediction.numpy(), target.numpy(), strict=True)
    for position, pair in zip(positions, pairs, strict=True):
        first, second = (
            surface_points(grid, np.random.default_rng((int(position), role)))
            for role, grid in enumerate(pair)
        )
        found = float("nan") if first is None or second is None else chamfer(first, second)
        distances.append(found)
    flat = prediction.flatten(1).unsqueeze(-1), target.flatten(1).unsqueeze(-1)
    return {"iou": iou(*flat), "accuracy": accuracy(*flat), "chamfer": torch.tensor(distances)}


def by_rule(prediction: Tensor, target: Tensor) -> dict[str, Tensor]:
    """Each shape's metrics ``(B,)`` at the voxels that touch its surface.

    Args:
        prediction, target: ``(B, R, R, R)`` in ``[0, 1]``.
    """
    mask = torch.from_numpy(np.stack([near_surface_mask(grid) for grid in target.numpy()]))
    error = masked_mean((prediction - target).square().flatten(1), mask.flatten(1))
    flat = prediction.flatten(1).unsqueeze(-1), target.flatten(1).unsqueeze(-1)
    return near_surface(error, accuracy(*flat, mask.flatten(1)))


def near_surface(error: Tensor, right: Tensor) -> dict[str, Tensor]:
    """The metrics of points beside the surface, by name, from MSE and accuracy ``(B,)``."""
    return {
        "mse_near_surface": error,
        "psnr_near_surface": psnr(error),
        "accuracy_near_surface": right,
    }
