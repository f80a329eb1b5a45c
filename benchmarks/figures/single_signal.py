"""Figures of single signals: curves, pictures, the search over frequencies, errors by frequency."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from benchmarks.figures.curves import COLORS, MARKERS
from benchmarks.figures.png import save_png
from lift.progress import Row

ROWS, DETAIL = 2, 96
"""Signals and pixels that fit a small file."""


class Picture(NamedTuple):
    """An image ``(H, W, 3)``, not clipped, and its PSNR (dB)."""

    pixels: np.ndarray
    psnr: float


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


def factors_figure(scores: Mapping[str, Mapping[float, float]], path: Path, title: str) -> None:
    """Score of every network's search over its frequencies' factor: how much the choice matters."""
    figure = Figure(figsize=(5.2, 3.2), layout="constrained")
    axis = figure.subplots()
    for place, (name, by_factor) in enumerate(scores.items()):
        finite = {factor: score for factor, score in by_factor.items() if np.isfinite(score)}
        color, marker = COLORS[place % len(COLORS)], MARKERS[place % len(MARKERS)]
        axis.plot(list(finite), list(finite.values()), color=color, marker=marker, label=name)
    label = "factor of the frequencies (ReLIFT's gamma)"
    axis.set(xlabel=label, ylabel="search score (dB)", title=title.replace("_", " "))
    tried = sorted({factor for by_factor in scores.values() for factor in by_factor})
    axis.set_xscale("log", base=2)
    axis.set_xticks(tried, [f"{factor:g}" for factor in tried])
    axis.grid(alpha=0.25, linewidth=0.6)
    axis.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside right center", frameon=False, fontsize=8)
    save_png(figure, path)


def pictures_figure(
    targets: Sequence[Picture], pictures: Mapping[str, Sequence[Picture]], path: Path
) -> None:
    """A row a signal, the first two: the middle of the target and of what every network made of it.

    The PSNR above is that of the whole image.
    """
    rows = min(ROWS, len(targets))
    shown = {"target": targets, **pictures}
    figure = Figure(figsize=(1.7 * len(shown), 2.05 * rows), layout="constrained")
    axes = figure.subplots(rows, len(shown), squeeze=False)
    for column, (name, images) in zip(axes.T, shown.items(), strict=True):
        for axis, image in zip(column, images, strict=False):
            pixels = image.pixels.clip(0, 1)
            top, left = ((side - min(side, DETAIL)) // 2 for side in pixels.shape[:2])
            axis.imshow(pixels[top : top + DETAIL, left : left + DETAIL])
            axis.set_axis_off()
            measured = f"{name}\n{image.psnr:.1f} dB"
            axis.set_title(name if name == "target" else measured, fontsize=8)
    save_png(figure, path)


def spectral_figure(
    errors: Mapping[str, np.ndarray], frequencies: Sequence[float], steps: int, path: Path
) -> None:
    """One panel a network: steps to the right, a row a frequency, darker is wrong.

    Args:
        errors: relative errors ``(checks, frequencies)`` by the network's title.
        frequencies: in Hz.
    """
    figure = Figure(figsize=(7.0, 2.2), layout="constrained")
    panels = figure.subplots(1, len(errors), sharey=True)
    for panel, (title, found) in zip(panels, errors.items(), strict=True):
        shown = panel.imshow(
            found.T, aspect="auto", vmin=0, vmax=1, cmap="viridis_r", origin="lower",
            extent=(0, steps, -0.5, len(frequencies) - 0.5),
        )  # fmt: skip
        panel.set(title=title, xlabel="steps", yticks=range(len(frequencies)))
    panels[0].set_yticklabels([f"{hertz:g} Hz" for hertz in frequencies])
    figure.colorbar(shown, ax=panels, label="relative error")
    save_png(figure, path)
