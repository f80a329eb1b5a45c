"""Figures of single signals: curves, pictures, errors by frequency."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from benchmarks.figures.curves import COLORS, MARKERS
from benchmarks.figures.png import save_png
from benchmarks.figures.signal_sheet import signal_sheet
from lift.progress import Row

ROWS, DETAIL = 2, 96
"""Signals and pixels that fit a small file."""
OPTIMISERS = {"adam": "Adam", "muon": "Muon"}
"""That every network is trained by, and their names."""


class Picture(NamedTuple):
    """An image ``(H, W, 3)``, not clipped, and its PSNR (dB), NaN where it has none."""

    pixels: np.ndarray
    psnr: float


def curves_figure(
    curves: Mapping[str, Mapping[str, Sequence[Row]]], path: Path, title: str
) -> None:
    """PSNR of every network over its steps, a panel an optimiser.

    Args:
        curves: of every network by its title, by optimiser; one that diverged has none.
    """
    figure = Figure(figsize=(8.4, 3.6), layout="constrained")
    panels = figure.subplots(1, len(OPTIMISERS), sharey=True)
    for axis, (optimiser, name) in zip(panels, OPTIMISERS.items(), strict=True):
        for place, (network, by_optimiser) in enumerate(curves.items()):
            rows = by_optimiser.get(optimiser, ())
            points = [(row["step"] or 0, p) for row in rows if (p := row.get("psnr")) is not None]
            axis.plot(
                [step for step, _ in points],
                [psnr for _, psnr in points],
                color=COLORS[place % len(COLORS)],
                marker=MARKERS[place % len(MARKERS)],
                markersize=3,
                linewidth=1.2,
                label=network,
            )
        axis.set(xlabel="steps", title=f"{title.replace('_', ' ')}, {name}")
        axis.grid(alpha=0.25, linewidth=0.6)
        axis.spines[["top", "right"]].set_visible(False)
    panels[0].set(ylabel="PSNR (dB)")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right center", frameon=False, fontsize=8)
    save_png(figure, path)


def pictures_sheet(columns: Mapping[str, Sequence[Picture]], path: Path) -> None:
    """A row a signal, the first two: the middle of each column's image of it.

    Below a column stands the PSNR of its whole images, a mean over those shown.

    Args:
        columns: by their names, an image a signal; the target among them.
    """
    rows = min(ROWS, *map(len, columns.values()))
    shown = {name: images[:rows] for name, images in columns.items()}
    labels = []
    for name, images in shown.items():
        decibels = np.mean([image.psnr for image in images])
        labels.append(f"{name} {decibels:.1f} dB" if np.isfinite(decibels) else name)
    sheet = [
        ("", np.stack([_middle(images[row].pixels) for images in shown.values()]))
        for row in range(rows)
    ]
    signal_sheet(sheet, path, up=0, columns=labels)


def _middle(pixels: np.ndarray) -> np.ndarray:
    top, left = ((side - min(side, DETAIL)) // 2 for side in pixels.shape[:2])
    return pixels[top : top + DETAIL, left : left + DETAIL]


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
