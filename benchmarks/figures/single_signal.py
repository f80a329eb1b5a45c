"""Figures of the single-signal comparison: curves, pictures, and what gamma does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from torch import Tensor

from benchmarks.figures.curves import COLORS, MARKERS
from benchmarks.figures.png import save_png
from benchmarks.stages.single_signal.tasks import SignalTask
from lift.meta.training import Row

ROWS, DETAIL = 2, 96
"""Signals and pixels that fit a small file."""


def curves_figure(curves: Mapping[str, Sequence[Row]], path: Path, title: str) -> None:
    """PSNR of every network over its steps."""
    figure = Figure(figsize=(6.6, 3.6), layout="constrained")
    axis = figure.subplots()
    for place, (name, rows) in enumerate(curves.items()):
        points = [(row["step"] or 0, p) for row in rows if (p := row.get("psnr")) is not None]
        axis.plot(
            [step for step, _ in points],
            [psnr for _, psnr in points],
            color=COLORS[place % len(COLORS)],
            marker=MARKERS[place % len(MARKERS)],
            markersize=3,
            linewidth=1.2,
            label=name,
        )
    axis.set(xlabel="steps", ylabel="PSNR (dB)", title=title.replace("_", " "))
    axis.grid(alpha=0.25, linewidth=0.6)
    axis.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside right center", frameon=False, fontsize=8)
    save_png(figure, path)


def gamma_figure(scores: Mapping[float, float], path: Path, title: str) -> None:
    """Score of ReLIFT's search over gamma: how much its choice matters."""
    figure = Figure(figsize=(3.6, 2.8), layout="constrained")
    axis = figure.subplots()
    finite = {gamma: score for gamma, score in scores.items() if np.isfinite(score)}
    axis.plot(list(finite), list(finite.values()), color=COLORS[0], marker=MARKERS[0])
    axis.set(xlabel="gamma", ylabel="search score (dB)", title=title.replace("_", " "))
    axis.grid(alpha=0.25, linewidth=0.6)
    axis.spines[["top", "right"]].set_visible(False)
    save_png(figure, path)


def pictures_figure(
    tasks: Sequence[SignalTask], pictures: Mapping[str, Sequence[Tensor]], path: Path
) -> None:
    """A row a signal, the first two: the middle of the target and of what every network made of it.

    The PSNR above is that of the whole image.
    """
    tasks = tasks[:ROWS]
    shown = {"target": [task.target for task in tasks], **pictures}
    size = (1.7 * len(shown), 2.05 * len(tasks))
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(len(tasks), len(shown), squeeze=False)
    for column, (name, images) in zip(axes.T, shown.items(), strict=True):
        for axis, task, image in zip(column, tasks, images, strict=False):
            pixels = image.clamp(0, 1).reshape(task.shape).numpy()
            top, left = ((side - min(side, DETAIL)) // 2 for side in task.shape[:2])
            axis.imshow(pixels[top : top + DETAIL, left : left + DETAIL])
            axis.set_axis_off()
            measured = f"{task.measure(image)['psnr']:.1f} dB"
            axis.set_title(name if name == "target" else f"{name}\n{measured}", fontsize=8)
    save_png(figure, path)
