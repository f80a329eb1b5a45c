"""Pictures of a classification: training curves, and what augmented copies bring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from benchmarks.figures.curves import COLORS, MARKERS
from benchmarks.figures.png import save_png
from lift.progress import Row


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
