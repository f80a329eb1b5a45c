"""How long each method took to each PSNR: two panels, seconds and training signals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, LogLocator, NullFormatter

from benchmarks.figures.curves import COLORS, MARKERS
from benchmarks.figures.png import save_png

Points = Sequence[tuple[float, float, float]]
"""Budget, its standard deviation (0 for one seed) and the level of PSNR that it bought."""


def time_figure(panels: Mapping[str, Mapping[str, Points]], path: Path, title: str) -> None:
    """Draws every method's levels over its budget; one that was not reached has no mark.

    Args:
        panels: by the label of the axis, each method's points.
    """
    figure = Figure(figsize=(7.2, 3.3), layout="constrained")
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for axis, (label, methods) in zip(axes, panels.items(), strict=True):
        for place, (method, points) in enumerate(methods.items()):
            axis.errorbar(
                [budget for budget, _, _ in points],
                [level for _, _, level in points],
                xerr=[spread for _, spread, _ in points] if points else None,
                color=COLORS[place % len(COLORS)],
                marker=MARKERS[place % len(MARKERS)],
                linestyle=("-", "--")[place // len(COLORS) % 2],
                markersize=4,
                linewidth=1.3,
                capsize=2,
                label=method,
            )
        axis.set(xlabel=label, xscale="log")
        axis.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 3.0, 5.0)))
        axis.xaxis.set_major_formatter(EngFormatter(sep=""))
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.grid(alpha=0.25, linewidth=0.6)
        axis.spines[["top", "right"]].set_visible(False)
    levels = {level for methods in panels.values() for own in methods.values() for *_, level in own}
    axes[0].set(ylabel="PSNR reached (dB)", yticks=sorted(levels))
    handles, titles = axes[0].get_legend_handles_labels()
    figure.suptitle(title, fontsize=10)
    figure.legend(handles, titles, loc="outside lower center", ncols=4, frameon=False, fontsize=9)
    save_png(figure, path)
