"""Pictures of a classification: training curves, confusions, and what augmented copies bring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter
from numpy.typing import NDArray

from benchmarks.figures.curves import COLORS, MARKERS
from benchmarks.figures.png import save_png
from lift.progress import Row

READABLE = 12  # classes whose counts still fit into a cell


def classifier_curves(curves: Mapping[int, Sequence[Row]], path: Path, title: str) -> None:
    """Loss and validation top-1 over the training signals seen.

    Args:
        curves: rows by the number of augmented copies.
    """
    figure = Figure(figsize=(6.4, 4.4), layout="constrained")
    accuracy, loss = figure.subplots(2, 1, sharex=True, height_ratios=[2, 1])
    for place, (copies, rows) in enumerate(curves.items()):
        color, marker = COLORS[place % len(COLORS)], MARKERS[place % len(MARKERS)]
        measured = [row for row in rows if row.get("validation_top1") is not None]
        accuracy.plot(
            [row["signals"] for row in measured],
            [row["validation_top1"] for row in measured],
            color=color,
            marker=marker,
            markersize=3.5,
            label=f"n = {copies}, {measured[-1]['validation_top1']:.1f} % at the end",
        )
        loss.plot([row["signals"] for row in rows], [row["loss"] for row in rows], color=color)
    accuracy.set(ylabel="validation top-1 (%)", title=title)
    accuracy.legend(loc="lower right", frameon=False)
    loss.set(xlabel="training signals seen", ylabel="loss")
    loss.xaxis.set_major_formatter(EngFormatter(sep=""))
    for axis in (accuracy, loss):
        axis.grid(alpha=0.25, linewidth=0.6)
        axis.spines[["top", "right"]].set_visible(False)
    save_png(figure, path)


def confusion_figure(
    counts: NDArray[np.integer], classes: Sequence[str], path: Path, title: str
) -> None:
    """A confusion matrix: rows are true classes, columns predicted ones, shades shares of a row.

    Args:
        counts: ``(classes, classes)``.

    Raises:
        ValueError: there are more or fewer classes than rows.
    """
    if counts.shape != (len(classes), len(classes)):
        raise ValueError(f"confusion {counts.shape}: expected {len(classes)} classes a side")
    side = 2.2 + 0.36 * len(classes)
    figure = Figure(figsize=(side, side), layout="constrained")
    axis = figure.subplots()
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    if len(classes) <= READABLE:
        for row, column in np.ndindex(counts.shape):
            if counts[row, column]:
                color = "white" if shares[row, column] > 0.5 else "black"
                axis.text(
                    column, row, str(counts[row, column]), ha="center", va="center",
                    color=color, fontsize=7,
                )  # fmt: skip
    places = range(len(classes))
    axis.set_xticks(places, [name[:18] for name in classes], rotation=60, ha="right", fontsize=8)
    axis.set_yticks(places, [name[:18] for name in classes], fontsize=8)
    axis.set(xlabel="predicted", ylabel="true")
    axis.set_title(title, fontsize=9)
    save_png(figure, path)


def copies_figure(
    copies: Sequence[int], test: Sequence[float], probe: float, path: Path, title: str
) -> None:
    """Test top-1 (%) over the number of augmented copies, with the linear probe as a line."""
    figure = Figure(figsize=(4.8, 3.2), layout="constrained")
    axis = figure.subplots()
    axis.plot(copies, test, color=COLORS[0], marker="o", label="classifier")
    axis.axhline(probe, color="0.5", linestyle="--", label="linear probe, n = 1")
    axis.set_xticks(copies)
    axis.set(xlabel="augmented copies n", ylabel="test top-1 (%)")
    axis.set_title(title, fontsize=9)
    axis.legend(frameon=False)
    axis.grid(alpha=0.25, linewidth=0.6)
    axis.spines[["top", "right"]].set_visible(False)
    save_png(figure, path)
