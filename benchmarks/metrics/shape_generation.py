"""Coverage and MMD of generated shapes, on points of their surfaces."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import torch

from benchmarks.metrics.chamfer import chamfer_matrix, set_metrics
from benchmarks.metrics.surface import surface_points
from benchmarks.records.result import Metric


def measure_shapes(
    generated: Iterable[np.ndarray],
    reference: Iterable[np.ndarray],
    seed: int,
    device: torch.device,
) -> list[Metric]:
    """The metrics of generated shapes, and how many shapes had no surface.

    Samples without a surface stay in the set: they cover nothing. References without one are left
    out, and counted.

    Args:
        generated: occupancies ``(R, R, R)``, cut at 0.5; only points of their surfaces are kept.
        reference: test shapes ``(R, R, R)``.
        seed: of the points on the surfaces, with a shape's set and its place in it.
        device: where distances between points are computed.

    Raises:
        ValueError: no reference has a surface.
    """
    samples, surfaces = (
        [
            surface_points(shape, np.random.default_rng((seed, role, position)))
            for position, shape in enumerate(shapes)
        ]
        for role, shapes in enumerate((generated, reference))
    )
    references = [points for points in surfaces if points is not None]
    if not references:
        raise ValueError(f"{len(surfaces)} reference shapes, expected one with a surface or more")
    empty = sum(points is None for points in samples)
    note = f"{empty} of {len(samples)} samples have no surface" if empty else ""
    found = set_metrics(chamfer_matrix(samples, references, device))
    values = {"coverage": found.coverage, "mmd": found.mmd if math.isfinite(found.mmd) else None}
    counts = {"empty_samples": empty, "empty_references": len(surfaces) - len(references)}
    return [
        Metric(name=k, value=v, unit="1", split="generated", samples=len(samples), note=note)
        for k, v in values.items()
    ] + [
        Metric(name=k, value=v, unit="1", split="generated", samples=len(samples))
        for k, v in counts.items()
    ]
