"""Renders one cell's latents and measures them against the signals that they encode."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import torch
from torch import Tensor

from benchmarks.datasets.dataset import Split
from benchmarks.datasets.labels import class_labels
from benchmarks.datasets.splits import spaced
from benchmarks.figures.curves import curve_figure, read_curve
from benchmarks.figures.reconstruction import reconstruction_sheet, voxel_sheet
from benchmarks.metrics.features import available_spaces
from benchmarks.metrics.image_generation import measure_reconstructions, quantised
from benchmarks.metrics.voxel import accuracy, by_rule, near_surface, whole_grid
from benchmarks.records.result import Metric, SplitName
from benchmarks.records.signals import write_psnr
from benchmarks.stages.experiment import Experiment, StageError
from benchmarks.stages.stage import Outcome, main
from lift.bars import progress_bar
from lift.field import Latent, NeuralField
from lift.functaset import Functaset
from lift.meta.labels import classifier_of
from lift.psnr import psnr
from lift.sampling import signals_at_once

UNITS = {"psnr": "dB", "psnr_near_surface": "dB", "meta_top1": "%"}
STORED = "at the data set's stored points"
BY_RULE = "at voxels whose 3x3x3 neighbourhood is not constant"
SHOWN = 8


def at_stored_points(
    field: NeuralField, latent: Latent, split: Split, indices: np.ndarray
) -> dict[str, Tensor]:
    """Each shape's metrics ``(B,)`` at the points near its surface that the data set publishes."""
    device = next(field.parameters()).device
    coords, occupied = (part.to(device) for part in split.near_surface(indices))
    with torch.no_grad():
        values = field(latent, coords)
    return near_surface((values - occupied).square().mean((1, 2)), accuracy(values, occupied))


def measure(
    field: NeuralField,
    functaset: Functaset,
    name: SplitName,
    split: Split,
    positions: np.ndarray,
    experiment: Experiment,
) -> tuple[list[Metric], np.ndarray]:
    """Means over some signals of a split, and the PSNR ``(n,)`` of each.

    A signal without a surface has no near-surface error.
    """
    device, kind = experiment.device, experiment.dataset.kind
    batch = signals_at_once(field.domain, device, experiment.cell.training.fit.batch)
    collected: dict[str, list[Tensor]] = defaultdict(list)
    images: list[np.ndarray] = []
    for first in progress_bar(range(0, len(positions), batch), desc=f"measure {name}"):
        indices = positions[first : first + batch]
        latent = {key: value.to(device) for key, value in functaset.latent(name, indices).items()}
        with torch.no_grad():
            rendered = field.render(latent)
        prediction, target = rendered.flatten(1, -2), split.batch(indices).to(device)
        error = (prediction - target).square().mean((1, 2))
        found = {"mse": error, "psnr": psnr(error)}
        if classifier := classifier_of(field):
            labels = class_labels(split.subset(indices)).to(device)
            found["meta_top1"] = 100 * classifier.right(latent, labels)
        if kind == "voxel":
            grids = [part.reshape(rendered.shape[:-1]).cpu() for part in (prediction, target)]
            found |= whole_grid(grids[0], grids[1], indices)
            stored = split.points is not None
            found |= at_stored_points(field, latent, split, indices) if stored else by_rule(*grids)
        elif field.domain.channels == 3:
            images.append(quantised(rendered.cpu().numpy()))
        for key, value in found.items():
            collected[key].append(value.cpu())
    domain = STORED if split.points is not None else BY_RULE
    metrics = [
        mean_metric(key, torch.cat(parts).double(), name, domain)
        for key, parts in collected.items()
    ]
    decibels = torch.cat(collected["psnr"])
    spread = Metric(
        name="psnr_std",
        value=decibels.std().item() if len(decibels) > 1 else None,
        unit="dB",
        split=name,
        samples=len(positions),
    )
    metrics.append(spread)
    if images and len(positions) > 1:  # of one there is no distance of distributions
        original = split.subset(positions).images()
        spaces, cache = available_spaces(device), experiment.feature_cache
        metrics += measure_reconstructions(
            np.concatenate(images), original, name, spaces, cache, device
        )
    return metrics, decibels.numpy()


def mean_metric(name: str, values: Tensor, split: SplitName, domain: str) -> Metric:
    """The mean; of what a shape may not have (a surface), over those that have it.

    Raises:
        StageError: the mean of another metric is not finite: the worst signals are never left out.
    """
    finite = values[values.isfinite()]
    if len(finite) < len(values) and not name.endswith(("near_surface", "chamfer")):
        worst = int((~values.isfinite()).nonzero()[0])
        raise StageError(
            f"{name} of the {split} split: {values[worst].item()} for measured signal {worst} and "
            f"{len(values) - len(finite)} signals in all, expected finite; the field has diverged"
        )
    notes = [domain] if name.endswith("near_surface") else []
    notes += [f"{len(values) - len(finite)} undefined"] if len(finite) < len(values) else []
    return Metric(
        name=name,
        value=finite.mean().item() if len(finite) else None,
        unit=UNITS.get(name, "1"),
        split=split,
        samples=len(finite),
        note="; ".join(notes),
    )


def draw(field: NeuralField, functaset: Functaset, split: Split, experiment: Experiment) -> None:
    """The training curve, and a sheet of test signals, originals beside reconstructions."""
    directory, training = experiment.directory, experiment.cell.training
    title = f"{training.method} on {experiment.dataset.title}, {experiment.cell.scale}"
    curve_figure(read_curve(directory / "curve.csv"), directory / "curve.png", title)
    if not experiment.dataset.shareable:
        return  # the data set's terms forbid pictures of it
    device = next(field.parameters()).device
    indices = np.array(spaced(len(split), min(SHOWN, len(split))))
    latent = {key: value.to(device) for key, value in functaset.latent("test", indices).items()}
    with torch.no_grad():
        rendered = field.render(latent).cpu()
    original = split.batch(indices).reshape(rendered.shape)
    error = (rendered - original).square().flatten(1).mean(1)
    path = experiment.directory / "reconstruction.png"
    if experiment.dataset.kind == "voxel":
        shapes = original[..., 0].numpy(), rendered[..., 0].numpy()
        voxel_sheet(*shapes, path, up=experiment.dataset.manifest.up_axis)
    else:
        reconstruction_sheet(original.numpy(), rendered.numpy(), psnr(error).tolist(), path)


def run(experiment: Experiment) -> Outcome:
    """Measures train and test apart; leaves the PSNR of each test signal beside the JSON."""
    experiment.upstream("encode")
    field, weights = experiment.trained_field()
    functaset = experiment.functaset(weights)
    splits, evaluated = experiment.encoded(), experiment.evaluated()
    measured = {
        name: measure(field, functaset, name, split, evaluated[name], experiment)
        for name, split in splits.items()
    }
    draw(field, functaset, splits["test"], experiment)
    metrics = [metric for found, _ in measured.values() for metric in found]
    floats = field.cost().latent_floats
    metrics.append(Metric(name="latent_floats", value=floats, unit="1", split="none"))
    kept = write_psnr(experiment.directory, "reconstruction", measured["test"][1])
    return Outcome(metrics, experiment.upstream("fit").budget, kept)


if __name__ == "__main__":
    main("reconstruction", run, __doc__ or "")
