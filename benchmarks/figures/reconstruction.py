"""Sheets of originals beside their reconstructions, for images and for voxel shapes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from benchmarks.figures.png import save_png
from benchmarks.figures.shading import framing, shade

Floats = NDArray[np.floating]

ERROR_GAIN = 4
ORIGINAL_COLOR, RECONSTRUCTION_COLOR = (0.62, 0.68, 0.76), (0.85, 0.62, 0.42)
CELL_INCHES, LABEL_INCHES, MARGIN_INCHES, PLAIN_INCHES = 1.1, 0.25, 0.22, 0.04
"""A panel and its gap; beside rows with names; below columns with labels; all other margins."""
GAP = 0.03
"""Between panels, in panels."""


def reconstruction_sheet(
    originals: Floats, reconstructions: Floats, psnrs: Sequence[float], path: Path
) -> None:
    """Originals above reconstructions above absolute errors, with the PSNR under each column.

    Args:
        originals, reconstructions: ``(n, R, R, 3)`` or ``(n, R, R, 1)``, in ``[0, 1]``;
            reconstructions are clipped for showing, and errors are shown ``ERROR_GAIN`` times.
        psnrs: ``n`` values in dB.

    Raises:
        ValueError: the shapes or counts differ.
    """
    _check(originals, reconstructions, 4)
    if len(psnrs) != len(originals):
        raise ValueError(f"psnrs: {len(psnrs)} values for {len(originals)} images")
    error = np.abs(reconstructions - originals) * ERROR_GAIN
    rows = [
        ("original", originals),
        ("reconstruction", reconstructions),
        (f"error x{ERROR_GAIN}", error),
    ]
    figure, axes = panels([name for name, _ in rows], len(originals), footer=True)
    for row, (_, images) in zip(axes, rows, strict=True):
        for axis, image in zip(row, images, strict=True):
            shown = np.clip(np.nan_to_num(image), 0, 1)
            shown = np.repeat(shown, 3, axis=-1) if shown.shape[-1] == 1 else shown
            axis.imshow(shown, interpolation="nearest")
    for axis, decibels in zip(axes[-1], psnrs, strict=True):
        axis.set_xlabel(f"{decibels:.1f} dB", fontsize=8)
    save_png(figure, path)


def voxel_sheet(originals: Floats, reconstructions: Floats, path: Path, up: int = 1) -> None:
    """Shapes above their reconstructions, as shaded isosurfaces at 0.5.

    Args:
        originals, reconstructions: occupancy ``(n, R, R, R)``.
        up: voxel axis that points up in the pictures.

    Raises:
        ValueError: the shapes differ.
    """
    _check(originals, reconstructions, 4)
    rows = [
        ("original", originals, ORIGINAL_COLOR),
        ("reconstruction", reconstructions, RECONSTRUCTION_COLOR),
    ]
    figure, axes = panels([name for name, _, _ in rows], len(originals), footer=False)
    frames = [framing(pair, up=up) for pair in zip(originals, reconstructions, strict=True)]
    for row, (_, shapes, color) in zip(axes, rows, strict=True):
        for axis, shape, frame in zip(row, shapes, frames, strict=True):
            picture = shade(shape, color, frame, up=up)
            axis.imshow(picture)
            if not picture[..., 3].any():
                axis.text(0.5, 0.5, "empty", ha="center", va="center", transform=axis.transAxes)
    save_png(figure, path)


def _check(originals: Floats, reconstructions: Floats, dimensions: int) -> None:
    if originals.shape != reconstructions.shape or originals.ndim != dimensions:
        raise ValueError(
            f"sheet: originals {originals.shape} and reconstructions {reconstructions.shape}, "
            f"expected the same {dimensions}-dimensional shape"
        )
    if not len(originals):
        raise ValueError("sheet: no signals to show")


def panels(names: Sequence[str], columns: int, footer: bool) -> tuple[Figure, list[list[Axes]]]:
    """Square panels edge to edge, one named row a kind; a footer leaves room for labels."""
    bottom = MARGIN_INCHES if footer else PLAIN_INCHES
    width = LABEL_INCHES + columns * CELL_INCHES + PLAIN_INCHES
    height = len(names) * CELL_INCHES + bottom + PLAIN_INCHES
    figure = Figure(figsize=(width, height))
    cells = figure.subplots(
        len(names),
        columns,
        squeeze=False,
        gridspec_kw={
            "left": LABEL_INCHES / width,
            "right": 1 - PLAIN_INCHES / width,
            "bottom": bottom / height,
            "top": 1 - PLAIN_INCHES / height,
            "wspace": GAP,
            "hspace": GAP,
        },
    )
    for name, row in zip(names, cells, strict=True):
        row[0].set_ylabel(name, fontsize=8)
        for axis in row:
            axis.set(xticks=[], yticks=[])
            for side in axis.spines.values():
                side.set_visible(False)
    return figure, [list(row) for row in cells]
