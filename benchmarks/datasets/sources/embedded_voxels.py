"""Procedural shapes of varied proportions: occupancy grids that need no download."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.datasets.raw import Raw, RawSplit
from benchmarks.settings.dataset import DatasetConfig

Points = np.ndarray
"""Grid coordinates ``(3, R, R, R)`` in ``[-1, 1]``; the last axis points up."""

PER_CLASS = {"train": 40, "test": 8}
SPLIT_RULE = "procedural; train and test are separate draws of each category"


def box(p: Points, centre: tuple[float, ...], half: tuple[float, ...]) -> np.ndarray:
    """An axis-aligned box."""
    sides = [abs(p[i] - centre[i]) <= half[i] for i in range(3)]
    return np.logical_and.reduce(sides)


def ellipsoid(p: Points, rng: np.random.Generator) -> np.ndarray:
    a, b, c = rng.uniform(0.35, 0.9, 3)
    return (p[0] / a) ** 2 + (p[1] / b) ** 2 + (p[2] / c) ** 2 <= 1


def block(p: Points, rng: np.random.Generator) -> np.ndarray:
    a, b, c = rng.uniform(0.25, 0.85, 3)
    return box(p, (0, 0, 0), (a, b, c))


def cylinder(p: Points, rng: np.random.Generator) -> np.ndarray:
    radius, half = rng.uniform(0.25, 0.75), rng.uniform(0.3, 0.9)
    return (p[0] ** 2 + p[1] ** 2 <= radius**2) & (abs(p[2]) <= half)


def cone(p: Points, rng: np.random.Generator) -> np.ndarray:
    radius, half = rng.uniform(0.4, 0.85), rng.uniform(0.5, 0.9)
    shrunk = radius * (half - p[2]) / (2 * half)
    return (p[0] ** 2 + p[1] ** 2 <= shrunk**2) & (abs(p[2]) <= half)


def torus(p: Points, rng: np.random.Generator) -> np.ndarray:
    ring, tube = rng.uniform(0.45, 0.6), rng.uniform(0.15, 0.3)
    return (np.hypot(p[0], p[1]) - ring) ** 2 + p[2] ** 2 <= tube**2


def table(p: Points, rng: np.random.Generator) -> np.ndarray:
    a, b, height = rng.uniform(0.5, 0.85, 3)
    leg, top = rng.uniform(0.07, 0.14), rng.uniform(0.07, 0.15)
    shape = box(p, (0, 0, height - top), (a, b, top))
    for x in (leg - a, a - leg):
        for y in (leg - b, b - leg):
            shape |= box(p, (x, y, -top), (leg, leg, height - top))
    return shape


def chair(p: Points, rng: np.random.Generator) -> np.ndarray:
    a, seat, back = rng.uniform(0.35, 0.6), rng.uniform(-0.2, 0.1), rng.uniform(0.5, 0.9)
    leg = rng.uniform(0.07, 0.13)
    shape = box(p, (0, 0, seat), (a, a, leg))
    shape |= box(p, (leg - a, 0, (seat + back) / 2), (leg, a, (back - seat) / 2))
    for x in (leg - a, a - leg):
        for y in (leg - a, a - leg):
            shape |= box(p, (x, y, (seat - 0.9) / 2), (leg, leg, (seat + 0.9) / 2))
    return shape


def cross(p: Points, rng: np.random.Generator) -> np.ndarray:
    arms, thick = rng.uniform(0.5, 0.9, 3), rng.uniform(0.15, 0.28)
    shape = np.zeros(p.shape[1:], bool)
    for axis in range(3):
        half = [thick] * 3
        half[axis] = arms[axis]
        shape |= box(p, (0, 0, 0), tuple(half))
    return shape


SHAPES: dict[str, Callable[[Points, np.random.Generator], np.ndarray]] = {
    "block": block,
    "chair": chair,
    "cone": cone,
    "cross": cross,
    "cylinder": cylinder,
    "ellipsoid": ellipsoid,
    "table": table,
    "torus": torus,
}


def draw(name: str, resolution: int, rng: np.random.Generator) -> np.ndarray:
    """One shape ``(R, R, R)`` uint8, turned by a random angle around the vertical axis."""
    axis = (2 * np.arange(resolution) + 1) / resolution - 1
    x, y, z = np.meshgrid(axis, axis, axis, indexing="ij")
    angle = rng.uniform(0, 2 * np.pi)
    turned = (np.cos(angle) * x - np.sin(angle) * y, np.sin(angle) * x + np.cos(angle) * y, z)
    return SHAPES[name](np.stack(turned), rng).astype(np.uint8)


def draw_numbered(split: str, label: int, number: int, resolution: int) -> np.ndarray:
    """One shape of a split ``(R, R, R)`` uint8, the same one at every resolution."""
    rng = np.random.default_rng((label, number, split == "test"))
    return draw(tuple(SHAPES)[label], resolution, rng)


def load(config: DatasetConfig) -> Raw:
    """Labelled by category."""
    splits = {}
    for split, per_class in PER_CLASS.items():
        grids = [
            draw_numbered(split, label, number, config.resolution)
            for label in range(len(SHAPES))
            for number in range(per_class)
        ]
        labels = np.repeat(np.arange(len(SHAPES)), per_class)
        splits[split] = RawSplit.of(np.stack(grids), labels)
    return Raw(splits["train"], splits["test"], SPLIT_RULE, tuple(SHAPES))
