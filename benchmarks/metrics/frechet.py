"""The Fréchet distance between Gaussians that are fitted to two sets of features."""

from __future__ import annotations

import numpy as np
from scipy import linalg


def frechet_distance(first: np.ndarray, second: np.ndarray) -> float:
    """``|m1 - m2|^2 + tr S1 + tr S2 - 2 tr (S1 S2)^(1/2)`` with unbiased covariances.

    With centred features ``A`` and ``B`` over the square roots of their degrees of freedom,
    ``tr (S1 S2)^(1/2)`` is the sum of the singular values of ``A B^T``: no covariance is formed, no
    root of a small eigenvalue is taken, and singular covariances (fewer samples than dimensions)
    lose no digits. A set larger than its dimension enters by the R of its QR decomposition.

    Args:
        first, second: ``(n, d)`` and ``(m, d)``, at least two rows each.

    Raises:
        ValueError: the dimensions differ, a set has fewer than two rows, or a value is not finite.
    """
    if first.ndim != 2 or second.ndim != 2 or first.shape[1] != second.shape[1]:
        raise ValueError(f"features: {first.shape} and {second.shape}, expected (n, d) and (m, d)")
    if min(len(first), len(second)) < 2:
        raise ValueError(f"features: {len(first)} and {len(second)} rows, expected two or more")
    a, b = _spread(first), _spread(second)
    shift = first.mean(0, dtype=np.float64) - second.mean(0, dtype=np.float64)
    overlap = linalg.svdvals(a @ b.T).sum()
    return float(shift @ shift + np.square(a).sum() + np.square(b).sum() - 2 * overlap)


def _spread(features: np.ndarray) -> np.ndarray:
    """A matrix ``A`` of at most d rows whose ``A^T A`` is the unbiased covariance."""
    if not np.isfinite(features).all():
        raise ValueError("features: not finite, expected finite numbers")
    centred = features.astype(np.float64) - features.mean(0, dtype=np.float64)
    centred /= np.sqrt(len(features) - 1)
    return linalg.qr(centred, mode="r")[0][: centred.shape[1]] if _tall(centred) else centred


def _tall(matrix: np.ndarray) -> bool:
    return matrix.shape[0] > matrix.shape[1]
