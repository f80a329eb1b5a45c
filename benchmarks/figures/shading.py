"""Voxel shapes as shaded isosurfaces: an orthographic ray caster in numpy.

Every shape is resampled into the camera's frame, each ray stops at the first crossing of the
isosurface, and the surface is lit by Lambert's law. It takes a quarter of a second for 64^3 voxels,
and has no mesh whose faces could be sorted wrongly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Floats = NDArray[np.floating]

AZIMUTH, ELEVATION = np.radians(35.0), np.radians(25.0)
LIGHT = np.array([0.45, -0.75, -0.6])  # in the camera's frame: from above, right and the front
AMBIENT, DIFFUSE = 0.30, 0.75
MARGIN = 2.0  # voxels of air around a shape
NORMAL_BLUR = 1.0  # voxels; occupancy is a step, and its raw gradient shows the grid


def camera(up: int) -> Floats:
    """Rotation ``(3, 3)`` from the camera's frame (right, down, depth) to voxel axes.

    Args:
        up: voxel axis that points up in the picture, 0, 1 or 2.
    """
    first, second = [axis for axis in range(3) if axis != up]
    basis = np.eye(3)
    facing = np.cos(AZIMUTH) * basis[first] + np.sin(AZIMUTH) * basis[second]
    depth = -np.cos(ELEVATION) * facing - np.sin(ELEVATION) * basis[up]
    down = np.sin(ELEVATION) * facing - np.cos(ELEVATION) * basis[up]
    return np.stack([np.cross(down, depth), down, depth], axis=1)


@dataclass(frozen=True)
class Frame:
    """The box that a camera sees: bounds ``(3,)`` in its own frame, in voxels from the centre."""

    low: Floats
    high: Floats

    @property
    def side(self) -> float:
        """Side of the square picture, in voxels."""
        return float(max(self.high[:2] - self.low[:2]))


def framing(shapes: Sequence[Floats], level: float = 0.5, up: int = 1) -> Frame:
    """The smallest frame that holds the surfaces of all ``(R, R, R)`` shapes."""
    rotation = camera(up)
    occupied = [np.argwhere(shape >= level) - (np.array(shape.shape) - 1) / 2 for shape in shapes]
    points = np.concatenate([*occupied, np.zeros((1, 3))]) @ rotation
    return Frame(points.min(0) - MARGIN, points.max(0) + MARGIN)


def shade(
    occupancy: Floats,
    color: tuple[float, float, float],
    frame: Frame,
    pixels: int = 256,
    level: float = 0.5,
    up: int = 1,
) -> Floats:
    """A picture of the surface where ``occupancy`` crosses ``level``.

    Args:
        occupancy: ``(R, R, R)``; an empty shape gives an empty picture.
        color: of the surface, in ``[0, 1]``.
        pixels: side of the picture.
        up: voxel axis that points up.

    Returns:
        ``(pixels, pixels, 4)``, colours in ``[0, 1]`` and transparent where no surface is.
    """
    values = np.pad(np.nan_to_num(occupancy).astype(np.float32), 2)  # closes surfaces at the border
    picture = np.zeros((pixels, pixels, 4))
    if values.max() < level:
        return picture
    scale = frame.side / pixels
    matrix = camera(up) @ np.diag([scale, scale, 1.0])
    corner = (frame.low + frame.high) / 2 - frame.side / 2 + scale / 2
    corner[2] = frame.low[2]
    offset = (np.array(values.shape) - 1) / 2 + camera(up) @ corner
    steps = int(np.ceil(frame.high[2] - frame.low[2])) + 1
    rays = ndimage.affine_transform(
        values, matrix, offset, output_shape=(pixels, pixels, steps), order=1
    )  # (right, down, depth)

    inside = rays >= level
    hit, stop = inside.any(2), np.maximum(inside.argmax(2), 1)
    column, row = np.nonzero(hit)
    after, before = rays[column, row, stop[hit]], rays[column, row, stop[hit] - 1]
    depth = stop[hit] - (after - level) / np.maximum(after - before, 1e-6)
    points = matrix @ np.stack([column, row, depth]) + offset[:, None]

    smooth = ndimage.gaussian_filter(values, NORMAL_BLUR)
    outward = -np.stack(
        [ndimage.map_coordinates(part, points, order=1) for part in np.gradient(smooth)]
    )
    normals = camera(up).T @ outward
    normals /= np.maximum(np.linalg.norm(normals, axis=0), 1e-6)
    brightness = AMBIENT + DIFFUSE * np.maximum(LIGHT / np.linalg.norm(LIGHT) @ normals, 0)
    picture[row, column, :3] = np.clip(brightness[:, None] * np.array(color), 0, 1)
    picture[row, column, 3] = 1
    return picture
