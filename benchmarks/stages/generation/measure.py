"""Measures and draws what was sampled, block by block: renders of all samples fit no memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from torch import Tensor

from benchmarks.datasets.splits import spaced
from benchmarks.figures.generation import counts_figure, loss_figure
from benchmarks.figures.signal_sheet import in_rows, signal_sheet
from benchmarks.metrics.features import available_spaces, block_features, features
from benchmarks.metrics.image_generation import distance_by_count, measure_images
from benchmarks.metrics.neighbours import copying_ratio, nearest
from benchmarks.metrics.shape_generation import measure_shapes
from benchmarks.records.result import Metric
from benchmarks.stages.generation.latents import Generator
from lift.network_training import Trained

SHEET_COLUMNS, SHEET_ROWS = 8, {"image": 4, "voxel": 2}
COMPARED = 500
"""Samples whose distance to the training latents is measured."""
SHAPES_AT_ONCE = 16


def measure(generator: Generator, seen: Tensor) -> list[Metric]:
    """Images against the training images, as FID is published; shapes against the test shapes.

    As many decoded training latents (split ``train``) say what a denoiser can reach on this field.

    Args:
        seen: the samples, ``(n, ...)`` as the denoiser sees them.
    """
    experiment = generator.experiment
    splits, cache, device = experiment.encoded(), experiment.feature_cache, experiment.device
    if experiment.dataset.kind == "voxel":
        samples = (shape[..., 0] for block in generator.rendered(seen) for shape in block)
        seed = experiment.cell.training.seed
        return measure_shapes(samples, reference_shapes(generator), seed, device)
    spaces, real = available_spaces(device), splits["train"].images()
    theirs = {space.name: features(space, real, cache, device) for space in spaces}
    ours = block_features(spaces, clipped(generator.rendered(seen)), device)
    points = {
        space.metric("distance"): distance_by_count(ours[space.name], theirs[space.name])
        for space in spaces
    }
    title = f"{experiment.cell.training.method} on {experiment.dataset.title}"
    counts_figure(points, experiment.directory / "sample_count.png", title)
    known = np.array(spaced(generator.count, min(generator.count, len(seen))))
    decoded = (each for part in generator.in_blocks(known) for each in generator.rendered(part))
    decoded_features = block_features(spaces, clipped(decoded), device)
    return [
        *measure_images(spaces, ours, theirs, "generated"),
        *measure_images(spaces, decoded_features, theirs, "train"),
    ]


def clipped(blocks: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    """Images cut to ``[0, 1]``."""
    return (block.clip(0, 1) for block in blocks)


def reference_shapes(generator: Generator) -> Iterator[np.ndarray]:
    """Occupancies ``(R, R, R)`` of the test split, one after the other."""
    split = generator.experiment.encoded()["test"]
    for first in range(0, len(split), SHAPES_AT_ONCE):
        rows = np.arange(first, min(first + SHAPES_AT_ONCE, len(split)))
        yield from generator.experiment.grids(split, rows)[..., 0]


def training_ratio(generator: Generator, seen: Tensor) -> Metric:
    """How near samples are to the training latents: near 0 they are copies."""
    compared = seen[:COMPARED].flatten(1)
    return Metric(
        name="nearest_training_ratio",
        value=copying_ratio(compared, generator.reference()[1].flatten(1)),
        unit="1",
        split="generated",
        samples=len(compared),
        note="distance to the nearest training latent over that among training latents",
    )


def draw(generator: Generator, trained: Trained, seen: Tensor) -> None:
    """The loss, a sheet of samples, and one with each sample's nearest training signal below."""
    experiment, directory = generator.experiment, generator.experiment.directory
    training = experiment.cell.training
    title = f"{training.method} on {experiment.dataset.title}, {experiment.cell.scale}"
    loss_figure(trained.curve, directory / "denoiser_curve.png", title)
    if not experiment.dataset.shareable:
        return  # the data set's terms forbid pictures of it
    up = experiment.dataset.manifest.up_axis
    signals = generator.render(seen[: SHEET_COLUMNS * SHEET_ROWS[experiment.dataset.kind]])
    signal_sheet(in_rows("samples", signals, SHEET_COLUMNS), directory / "samples.png", up=up)
    positions, rows = generator.reference()
    picked = positions[nearest(seen[:SHEET_COLUMNS].flatten(1), rows.flatten(1)).row.numpy()]
    sheet = [
        ("sample", signals[:SHEET_COLUMNS]),
        ("nearest, decoded", generator.render(generator.seen(picked))),
        ("nearest in training", experiment.grids(experiment.encoded()["train"], picked)),
    ]
    signal_sheet(sheet, directory / "nearest_training.png", up=up, data=["nearest in training"])
