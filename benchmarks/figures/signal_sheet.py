"""Sheets of signals in named rows: samples, their nearest neighbours, interpolations."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from benchmarks.figures.png import save_png
from benchmarks.figures.reconstruction import ORIGINAL_COLOR, RECONSTRUCTION_COLOR, panels
from benchmarks.figures.shading import framing, shade

Floats = NDArray[np.floating]
Rows = Sequence[tuple[str, Floats]]
"""A name and its signals, ``(n, R, R, C)`` or ``(n, R, R, R, 1)`` in ``[0, 1]``, n for all rows."""


def signal_sheet(
    rows: Rows,
    path: Path,
    *,
    up: int,
    data: Sequence[str] = (),
    columns: Sequence[str] = (),
) -> None:
    """Draws images as they are, clipped, and voxels as shaded isosurfaces at 0.5.

    Args:
        up: voxel axis that points up in the pictures.
        data: names of rows that are signals of the data set, which get a colour of their own.
        columns: labels below the columns, if any.

    Raises:
        ValueError: there is no signal, or the rows differ in shape.
    """
    shapes = {signals.shape for _, signals in rows}
    if len(shapes) != 1 or not len(rows[0][1]):
        raise ValueError(f"sheet: signals of shapes {sorted(shapes)}; expected one, not empty")
    count = len(rows[0][1])
    figure, axes = panels([name for name, _ in rows], count, footer=bool(columns))
    for line, (name, signals) in zip(axes, rows, strict=True):
        for axis, signal in zip(line, signals, strict=True):
            if signal.ndim == 4:
                _draw_voxels(axis, signal[..., 0], name in data, up)
            else:
                shown = np.clip(np.nan_to_num(signal), 0, 1)
                shown = np.repeat(shown, 3, axis=-1) if shown.shape[-1] == 1 else shown
                axis.imshow(shown, interpolation="nearest")
    for axis, label in zip(axes[-1], columns, strict=False):
        axis.set_xlabel(label, fontsize=8)
    save_png(figure, path)


def in_rows(name: str, signals: Floats, columns: int) -> list[tuple[str, Floats]]:
    """Signals as rows of a sheet; what does not fill a row is left out."""
    full = max(len(signals) // columns, 1)
    width = min(columns, len(signals))
    return [(name, signals[row * width : (row + 1) * width]) for row in range(full)]


def _draw_voxels(axis: Axes, shape: Floats, is_data: bool, up: int) -> None:
    color = ORIGINAL_COLOR if is_data else RECONSTRUCTION_COLOR
    picture = shade(shape, color, framing([shape], up=up), up=up)
    axis.imshow(picture)
    if not picture[..., 3].any():
        axis.text(0.5, 0.5, "empty", ha="center", va="center", transform=axis.transAxes)
