"""The training curve of one run."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, LogLocator, NullFormatter

from benchmarks.figures.png import save_png
from lift.progress import Row

COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
"""Okabe and Ito's palette, told apart by readers with any colour vision; markers for print."""


CURVE = (
    "step", "signals", "seconds", "loss", "train_psnr", "rate", "gradient_norm", "validation_psnr"
)  # fmt: skip
"""Columns of the curve of a field's training."""


class CurveError(ValueError):
    """A curve file that cannot be read."""


def read_curve(path: Path) -> list[Row]:
    """The rows of a ``curve.csv``; empty cells become None.

    Raises:
        CurveError: the file is missing, lacks a column, or holds something else than numbers.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            missing = [name for name in CURVE if name not in (reader.fieldnames or [])]
            if missing:
                raise CurveError(f"{path}: no column {', '.join(missing)}")
            return [
                {name: float(row[name]) if row[name] else None for name in CURVE} for row in reader
            ]
    except FileNotFoundError as error:
        raise CurveError(f"{path}: no such curve; fit the cell first") from error
    except (TypeError, ValueError, csv.Error) as error:
        if isinstance(error, CurveError):
            raise
        raise CurveError(f"{path}: not a curve ({error})") from error


def curve_figure(rows: Sequence[Row], path: Path, title: str) -> None:
    """PSNR (dB) over the signals seen, with the loss and the outer rate below.

    Args:
        rows: those of ``curve.csv``; ``train_psnr`` averages the steps since the last.
    """
    figure = Figure(figsize=(6.4, 4.8), layout="constrained")
    quality, loss = figure.subplots(2, 1, sharex=True, height_ratios=[2, 1])
    _line(quality, rows, "signals", "train_psnr", color=COLORS[4], label="training signals")
    _line(
        quality, rows, "signals", "validation_psnr", color=COLORS[0], marker="o", label=_named(rows)
    )
    quality.set(ylabel="PSNR (dB)", title=title)
    quality.legend(loc="lower right", frameon=False)
    _line(loss, rows, "signals", "loss", color=COLORS[1])
    loss.set(yscale="log", xlabel="training signals seen")
    loss.yaxis.set_major_locator(LogLocator(subs=(1.0, 3.0)))
    loss.yaxis.set_major_formatter("{x:g}")
    loss.yaxis.set_minor_formatter(NullFormatter())
    loss.set_ylabel("loss", color=COLORS[1])
    rate = loss.twinx()
    _line(rate, rows, "signals", "rate", color="0.5", linestyle="--")
    rate.set_ylabel("outer rate", color="0.5")
    rate.set_ylim(bottom=0)
    rate.spines["top"].set_visible(False)
    for axis in (quality, loss):
        _plain(axis)
    save_png(figure, path)


def _named(rows: Sequence[Row]) -> str:
    last = [row for row in rows if row["validation_psnr"] is not None][-1:]
    return f"validation, {last[0]['validation_psnr']:.2f} dB at the end" if last else "validation"


def _line(
    axis: Axes,
    rows: Sequence[Row],
    x: str,
    y: str,
    *,
    color: str,
    label: str = "",
    marker: str = "",
    linestyle: str = "-",
) -> None:
    """One curve; rows where either value was not measured are left out, and the line goes on."""
    points = [(a, b) for row in rows if (a := row[x]) is not None and (b := row[y]) is not None]
    axis.plot(
        [a for a, _ in points],
        [b for _, b in points],
        color=color,
        label=label,
        marker=marker,
        linestyle=linestyle,
        markersize=3.5,
        linewidth=1.3,
    )


def _plain(axis: Axes) -> None:
    axis.grid(alpha=0.25, linewidth=0.6)
    axis.spines[["top", "right"]].set_visible(False)
    axis.xaxis.set_major_formatter(EngFormatter(sep=""))
