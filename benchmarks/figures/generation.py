"""Two figures of stage 2: a network's loss, and how a metric depends on the number of samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from benchmarks.figures.curves import COLORS, MARKERS
from benchmarks.figures.png import save_png
from lift.progress import Row


def loss_figure(rows: Sequence[Row], path: Path, title: str) -> None:
    """Training loss over the signals seen."""
    figure = Figure(figsize=(5.2, 3.2), layout="constrained")
    axis = figure.subplots()
    signals, losses = ([row[name] or 0.0 for row in rows] for name in ("signals", "loss"))
    axis.plot(signals, losses, color=COLORS[1])
    axis.set(yscale="log", xlabel="training latents seen", ylabel="denoising loss", title=title)
    axis.xaxis.set_major_formatter(EngFormatter(sep=""))
    axis.grid(alpha=0.25, linewidth=0.6)
    axis.spines[["top", "right"]].set_visible(False)
    save_png(figure, path)


def counts_figure(
    points: Mapping[str, Sequence[tuple[int, float]]], path: Path, title: str
) -> None:
    """Each metric over the number of samples that it was measured with, a panel a metric.

    Args:
        points: (samples, value) pairs by the metric's name.

    Raises:
        ValueError: there is nothing to draw.
    """
    if not points:
        raise ValueError("counts_figure: no metrics")
    figure = Figure(figsize=(1 + 2.4 * len(points), 2.6), layout="constrained")
    figure.suptitle(title, fontsize=9)
    for place, (name, pairs) in enumerate(points.items()):
        axis = figure.add_subplot(1, len(points), place + 1)
        counts, values = zip(*sorted(pairs), strict=True)
        color, marker = COLORS[place % len(COLORS)], MARKERS[place % len(MARKERS)]
        axis.plot(counts, values, color=color, marker=marker)
        axis.set_title(name, fontsize=8)
        axis.set_xlabel("samples", fontsize=8)
        axis.set_ylim(0, 1.1 * max(values))
        axis.tick_params(labelsize=7)
        axis.spines[["top", "right"]].set_visible(False)
    save_png(figure, path)
