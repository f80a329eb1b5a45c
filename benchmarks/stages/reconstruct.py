"""Renders one cell's latents and measures them against the signals that they encode."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from benchmarks.datasets.dataset import Split
from benchmarks.datasets.near_surface import near_surface_mask
from benchmarks.datasets.splits import spaced
from benchmarks.metrics.voxel import accuracy, iou, masked_mean
from benchmarks.report.curves import curve_figure, read_curve
from benchmarks.report.figures import reconstruction_sheet, voxel_sheet
from benchmarks.results import Metric, SplitName
from benchmarks.stages.stage import Experiment, Outcome, main
from lift.field import NeuralField
from lift.functaset import Functaset, open_functaset
from lift.psnr import psnr

UNITS = {"psnr": "dB", "psnr_near_surface": "dB"}
SHOWN = 8


def signal_metrics(prediction: Tensor, target: Tensor, kind: str, resolution: int) -> dict:
    """Each signal's metrics, ``(B,)`` each.

    Args:
        prediction, target: ``(B, R**D, C)`` in ``[0, 1]``; predictions are not clipped.
    """
    error = (prediction - target).square().mean(-1)
    metrics = {"mse": error.mean(1), "psnr": psnr(error.mean(1))}
    if kind == "voxel":
        grid = target.reshape(-1, resolution, resolution, resolution).cpu().numpy()
        mask = torch.from_numpy(np.stack([near_surface_mask(shape) for shape in grid]))
        mask = mask.flatten(1).to(error.device)
        near = masked_mean(error, mask)
        metrics["mse_near_surface"], metrics["psnr_near_surface"] = near, psnr(near)
        metrics["iou"] = iou(prediction, target)
        metrics["accuracy"] = accuracy(prediction, target)
        metrics["accuracy_near_surface"] = accuracy(prediction, target, mask)
    return metrics


def measure(
    field: NeuralField,
    functaset: Functaset,
    name: SplitName,
    split: Split,
    positions: np.ndarray,
    kind: str,
    batch: int,
) -> list[Metric]:
    """Means over some signals of a split; one without a surface has no near-surface error."""
    device = next(field.parameters()).device
    collected: dict[str, list[Tensor]] = defaultdict(list)
    for first in tqdm(range(0, len(positions), batch), desc=f"measure {name}", mininterval=2):
        indices = positions[first : first + batch]
        latent = {key: value.to(device) for key, value in functaset.latent(name, indices).items()}
        with torch.no_grad():
            prediction = field.render(latent).flatten(1, -2)
        target = split.batch(indices).to(device)
        for key, value in signal_metrics(prediction, target, kind, field.domain.resolution).items():
            collected[key].append(value.cpu())
    metrics = []
    for key, parts in collected.items():
        values = torch.cat(parts).double()
        measured = values[values.isfinite()]
        note = "" if len(measured) == len(values) else f"{len(values) - len(measured)} undefined"
        metrics.append(
            Metric(
                name=key,
                value=measured.mean().item() if len(measured) else None,
                unit=UNITS.get(key, "1"),
                split=name,
                samples=len(measured),
                note=note,
            )
        )
    spread = torch.cat(collected["psnr"]).std().item()
    metrics.append(
        Metric(name="psnr_std", value=spread, unit="dB", split=name, samples=len(positions))
    )
    return metrics


def draw(field: NeuralField, functaset: Functaset, split: Split, experiment: Experiment) -> None:
    """The training curve, and a sheet of test signals, originals beside reconstructions."""
    directory, training = experiment.directory, experiment.cell.training
    title = f"{training.method} on {experiment.dataset.title}, {experiment.cell.profile}"
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
    """Measures train and test apart."""
    experiment.upstream("encode")
    field, weights = experiment.trained_field()
    functaset = open_functaset(experiment.directory / "functaset", weights)
    splits, evaluated = experiment.encoded(), experiment.evaluated()
    kind, batch = experiment.dataset.kind, experiment.cell.training.fit.batch
    metrics = [
        metric
        for name, split in splits.items()
        for metric in measure(field, functaset, name, split, evaluated[name], kind, batch)
    ]
    draw(field, functaset, splits["test"], experiment)
    return Outcome(metrics, experiment.upstream("fit").budget)


if __name__ == "__main__":
    main("reconstruction", run, __doc__ or "")
