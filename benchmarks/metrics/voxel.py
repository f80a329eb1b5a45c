"""How well occupancy grids are reconstructed.

The published ShapeNet numbers were measured next to the surface, where the error is; on the whole
grid the same field looks several times better. Both domains are reported, never mixed.
"""

from __future__ import annotations

import torch
from torch import Tensor


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
