"""Interpolates between encoded test signals of one cell: all scales together, and each alone."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from benchmarks.datasets.splits import spaced
from benchmarks.figures.signal_sheet import signal_sheet
from benchmarks.records.result import Metric
from benchmarks.stages.experiment import Experiment, StageError
from benchmarks.stages.stage import Outcome, main
from lift.field import Latent, NeuralField
from lift.psnr import psnr

WEIGHTS = torch.linspace(0, 1, 5)
PAIRS = 2


def between(first: Latent, second: Latent, weight: float, scales: list[str]) -> Latent:
    """The first latent with some scales moved in a straight line towards the second."""
    return {
        name: torch.lerp(first[name], second[name], weight if name in scales else 0.0)
        for name in first
    }


def walk(field: NeuralField, first: Latent, second: Latent, scales: list[str]) -> Tensor:
    """Signals ``(5, R, ..., R, C)`` on the way from one latent to the other, both ends included."""
    device = next(field.parameters()).device
    with torch.no_grad():
        steps = [
            field.render(
                {
                    name: z.to(device)
                    for name, z in between(first, second, weight.item(), scales).items()
                }
            ).cpu()
            for weight in WEIGHTS
        ]
    return torch.cat(steps)


def run(experiment: Experiment) -> Outcome:
    """Leaves a sheet where pictures may be kept, and says how well the ends are reconstructed."""
    experiment.upstream("encode")
    field, weights = experiment.trained_field()
    functaset = experiment.functaset(weights)
    split = experiment.encoded()["test"]
    if len(split) < 2 * PAIRS:
        where = experiment.directory / "functaset"
        raise StageError(
            f"{where}: {len(split)} test latents, expected {2 * PAIRS} or more; raise "
            f"encode.test in config/scales/{experiment.cell.scale}.yaml"
        )
    rows, errors = [], []
    scales = list(functaset.mean)
    ways = {"all scales": scales, **{name: [name] for name in scales if len(scales) > 1}}
    for pair in np.array(spaced(len(split), 2 * PAIRS)).reshape(PAIRS, 2):
        ends = experiment.grids(split, pair)
        first, second = (functaset.latent("test", pair[[end]]) for end in (0, 1))
        for name, moved in ways.items():
            path = walk(field, first, second, moved).numpy()
            if moved == scales:
                errors += [((path[[0, -1]] - ends) ** 2).reshape(2, -1).mean(1)]
            rows.append((name, np.concatenate([ends[:1], path, ends[1:]])))
    if experiment.dataset.shareable:
        labels = ["original", *[f"{weight:.2f}" for weight in WEIGHTS.tolist()], "original"]
        sheet = experiment.directory / "interpolation.png"
        signal_sheet(rows, sheet, up=experiment.dataset.manifest.up_axis, columns=labels)
    decibels = psnr(torch.from_numpy(np.concatenate(errors))).mean().item()
    metric = Metric(name="psnr_ends", value=decibels, unit="dB", split="test", samples=2 * PAIRS)
    return Outcome([metric])


if __name__ == "__main__":
    main("interpolation", run, __doc__ or "")
