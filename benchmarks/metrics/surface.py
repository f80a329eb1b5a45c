"""Points on the surface of an occupancy grid, as the published shape metrics take them."""

from __future__ import annotations

import numpy as np
from skimage.measure import marching_cubes

LEVEL = 0.5
POINTS = 2048


def surface_mesh(occupancy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Marching cubes at 0.5.

    The grid is padded by one empty cell, so that a shape that touches the border is closed there.

    Args:
        occupancy: ``(R, R, R)``.

    Returns:
        vertices ``(V, 3)``, with the grid's cells in ``[-1/2, 1/2]^3`` and values at their centres
        (mNIF's ``(v - 1/2) / R - 1/2`` on its own vertices), and triangles ``(T, 3)``; both empty
        where nothing is occupied.
    """
    padded = np.pad(occupancy.astype(np.float32), 1)
    if not padded.max() > LEVEL:
        return np.zeros((0, 3)), np.zeros((0, 3), dtype=int)
    vertices, faces, _, _ = marching_cubes(padded, LEVEL)
    return (vertices.astype(np.float64) - 0.5) / len(occupancy) - 0.5, faces


def surface_points(
    occupancy: np.ndarray, generator: np.random.Generator, count: int = POINTS
) -> np.ndarray | None:
    """Area-weighted uniform points ``(count, 3)`` of the surface; None where there is none."""
    vertices, faces = surface_mesh(occupancy)
    if not len(faces):
        return None
    corners = vertices[faces]
    edges = corners[:, 1:] - corners[:, :1]
    areas = np.linalg.norm(np.cross(edges[:, 0], edges[:, 1]), axis=1)
    chosen = generator.choice(len(faces), count, p=areas / areas.sum())
    # A point uniform in the parallelogram is folded back into the triangle.
    weights = generator.random((count, 2))
    folded = weights.sum(1) > 1
    weights[folded] = 1 - weights[folded]
    return corners[chosen, 0] + np.einsum("nk,nkd->nd", weights, edges[chosen])
