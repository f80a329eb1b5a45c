"""Chamfer distances between point sets, and the set metrics that are built on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.spatial import KDTree
from tqdm import tqdm


class SetMetrics(NamedTuple):
    """Coverage, a share in ``[0, 1]``, and the minimum matching distance."""

    coverage: float
    mmd: float


def chamfer(first: np.ndarray, second: np.ndarray) -> float:
    """Mean squared distance to the nearest point of the other set, both directions summed."""
    return _chamfer((first, KDTree(first)), (second, KDTree(second)))


def chamfer_matrix(
    generated: Sequence[np.ndarray | None], reference: Sequence[np.ndarray]
) -> np.ndarray:
    """Chamfer distances ``(generated, reference)``; infinite where a sample has no surface."""
    trees = [None if points is None else (points, KDTree(points)) for points in generated]
    matrix = np.full((len(generated), len(reference)), np.inf)
    for column, points in enumerate(tqdm(reference, desc="chamfer", mininterval=2)):
        other = (points, KDTree(points))
        for row, sample in enumerate(trees):
            if sample is not None:
                matrix[row, column] = _chamfer(sample, other)
    return matrix


def set_metrics(matrix: np.ndarray) -> SetMetrics:
    """Both metrics of a matrix of distances ``(generated, reference)``.

    Coverage is the share of references that are the nearest of at least one sample. MMD is the mean
    over references of the distance to the nearest sample. A sample without a surface is at an
    infinite distance: it covers nothing, and is nobody's match.
    """
    finite = np.isfinite(matrix).any(1)
    covered = np.unique(matrix[finite].argmin(1))
    return SetMetrics(len(covered) / matrix.shape[1], float(matrix.min(0).mean()))


def _chamfer(first: tuple[np.ndarray, KDTree], second: tuple[np.ndarray, KDTree]) -> float:
    forth, back = second[1].query(first[0])[0], first[1].query(second[0])[0]
    return float(np.square(forth).mean() + np.square(back).mean())
