"""Fréchet distance, precision, recall and F1 of generated images, in every feature space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from benchmarks.metrics.features import FeatureSpace, features
from benchmarks.metrics.frechet import frechet_distance
from benchmarks.metrics.prdc import precision_recall
from benchmarks.records.result import Metric, SplitName


def measure_images(
    spaces: Sequence[FeatureSpace],
    ours: Mapping[str, np.ndarray],
    theirs: Mapping[str, np.ndarray],
    split: SplitName,
) -> list[Metric]:
    """All metrics of generated images against training images (mNIF's protocol).

    Args:
        ours, theirs: features ``(n, d)`` and ``(m, d)`` by the space's name, ours of images that
            were not quantised, theirs of the training images.
        split: what ours are of, ``generated`` or decoded latents of a split.
    """
    metrics = []
    for space in spaces:
        generated, real = ours[space.name], theirs[space.name]
        shares = precision_recall(real, generated)
        metrics.append(
            Metric(
                name=space.metric("distance"),
                value=frechet_distance(generated, real),
                unit="1",
                split=split,
                samples=len(generated),
                note=rank_note(len(generated), len(real), space),
            )
        )
        metrics += [
            Metric(name=space.metric(name), value=v, unit="1", split=split, samples=len(generated))
            for name, v in shares._asdict().items()
        ]
    return metrics


def distance_by_count(ours: np.ndarray, theirs: np.ndarray) -> list[tuple[int, float]]:
    """The distance of the first quarter, half and all of the samples: its bias in their number.

    Args:
        ours, theirs: features ``(n, d)`` and ``(m, d)``.
    """
    counts = [count for count in (len(ours) // 4, len(ours) // 2, len(ours)) if count > 1]
    return [(count, frechet_distance(ours[:count], theirs)) for count in counts]


def quantised(images: np.ndarray) -> np.ndarray:
    """Images in ``[0, 1]`` as uint8, cut to whole 255ths and not rounded (mNIF)."""
    return np.floor(255 * images.clip(0, 1)).astype(np.uint8)


def measure_reconstructions(
    reconstructed: np.ndarray,
    original: np.ndarray,
    split: SplitName,
    spaces: Sequence[FeatureSpace],
    cache: Path,
    device: torch.device,
) -> list[Metric]:
    """The distance of reconstructions to the images of the same split (rFID in Inception's space).

    Args:
        reconstructed: ``(n, R, R, 3)`` uint8, as `quantised` gives them.
        original: ``(n, R, R, 3)`` uint8.

    Raises:
        ValueError: a set is not uint8.
    """
    if not reconstructed.dtype == original.dtype == np.uint8:
        raise ValueError(f"images: {reconstructed.dtype} and {original.dtype}, expected uint8")
    return [
        Metric(
            name=space.metric("rdistance"),
            value=frechet_distance(
                features(space, reconstructed, cache, device),
                features(space, original, cache, device),
            ),
            unit="1",
            split=split,
            samples=len(original),
            note=rank_note(len(reconstructed), len(original), space),
        )
        for space in spaces
    ]


def rank_note(generated: int, real: int, space: FeatureSpace) -> str:
    """A warning where a covariance is estimated from fewer samples than it has dimensions."""
    if min(generated, real) > space.dimension:
        return ""
    return (
        f"{generated} and {real} samples for {space.dimension} dimensions of {space.name}: "
        "covariances are singular and the distance is biased upwards"
    )
