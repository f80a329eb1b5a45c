"""Interactive figures of curves, all methods in one: drawn by Plotly inside the page."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import plotly.graph_objects as go

from benchmarks.figures.curves import COLORS, CurveError
from benchmarks.report.runs import Run

SYMBOLS = ("circle", "square", "triangle-up", "diamond", "triangle-down", "cross", "x")
DASHES = ("solid", "dash", "longdashdot")
MOST_POINTS = 150
"""Of a line; longer curves are thinned evenly."""

Point = dict[str, float]
BUDGETS = ("signals", "seconds")
"""Columns of a curve file, in the order in which the page's buttons find them in a point."""


@dataclass(frozen=True)
class Line:
    """One run's curve: a line of ``y`` on ``what``, and marks where ``marked`` was measured."""

    run: Run
    file: str
    y: str
    marked: str = ""
    what: str = "training"


def psnr_chart(runs: Sequence[Run]) -> str | None:
    """PSNR of the field over its budget: lines for training signals, marks for validation."""
    lines = [Line(run, "curve.csv", "train_psnr", "validation_psnr") for run in runs]
    return _chart(lines, runs, "PSNR (dB)", "signals")


def points_seen(runs: Sequence[Run]) -> str:
    """The sentence on training lines that are no PSNR of whole signals; empty where all are."""
    some = dict.fromkeys(run.title for run in runs if _stride(run) > 1)
    if not some:
        return ""
    return (
        f"The training lines of {', '.join(some)} are the PSNR on the points that each step's "
        "latents were fitted on, one in every block of the grid; marks and tables are that of the "
        "whole grid."
    )


def _stride(run: Run) -> int:
    """Side of the blocks of which a training step sees one point each, as its result records it."""
    fit = run.results.get("fit")
    config = fit.provenance.config if fit and fit.provenance else {}
    return config.get("training", {}).get("fit", {}).get("stride", 1)


def learning_chart(runs: Sequence[Run], file: str) -> str | None:
    """Test PSNR of the field along its training."""
    lines = [Line(run, file, "test_psnr", what="test") for run in runs]
    return _chart(lines, runs, "test PSNR (dB)", "signals")


def denoiser_chart(runs: Sequence[Run]) -> str | None:
    """Denoising loss over latents seen, on a logarithmic axis."""
    lines = [Line(run, "denoiser_curve.csv", "loss") for run in runs]
    return _chart(lines, runs, "denoising loss", "latents", logarithmic=True)


def classifier_chart(runs: Sequence[Run]) -> str | None:
    """Training loss of each classifier over the latents or pictures that it saw."""
    lines = [
        Line(run, path.name, "loss")
        for run in runs
        for path in sorted(run.folder.glob("classifier_*_curve.csv"))
    ]
    return _chart(lines, runs, "training loss", "signals", logarithmic=True)


def _chart(
    lines: Sequence[Line],
    runs: Sequence[Run],
    title: str,
    seen: str,
    *,
    logarithmic: bool = False,
) -> str | None:
    """The figure as JSON; None where no curve is there.

    Args:
        runs: all of the data set, so that a method has one colour in all figures.
        seen: what the budget counts.
    """
    lines = [line for line in lines if line.run.results]
    figure = go.Figure()
    ran = dict.fromkeys(run.title for run in runs if run.results)
    places = {name: place for place, name in enumerate(ran)}
    named: set[str] = set()
    repeated = [b for a, b in pairwise(lines) if a.run is b.run]
    for line in lines:
        rows, name = _read(line.run.folder / line.file), _named(line)
        for column, mode in ((line.y, "lines"), (line.marked, "markers")):
            points = _thinned([row for row in rows if math.isfinite(row.get(column, math.nan))])
            if not points:
                continue
            what = "validation" if mode == "markers" else line.what
            figure.add_trace(
                go.Scatter(
                    x=[row["signals"] for row in points],
                    y=[row[column] for row in points],
                    customdata=[[row[budget] for budget in BUDGETS] for row in points],
                    mode=mode,
                    name=name,
                    legendgroup=name,
                    showlegend=name not in named,
                    hovertemplate=f"{name}, {what}<br>{title}: %{{y:.4~g}}<br>after "
                    f"%{{customdata[0]:,}} {seen}, %{{customdata[1]:.4~g}} s<extra></extra>",
                    **_style(places[line.run.title], mode, several=line in repeated),
                )
            )
            named.add(name)
    if not named:
        return None
    scale = {"type": "log", "dtick": "D2", "tickformat": "~s"}
    figure.update_layout(
        template="none",
        xaxis={"title": {"text": f"training {seen} seen"}, **scale},
        yaxis={"title": {"text": title}, **(scale | {"tickformat": "~g"} if logarithmic else {})},
        legend={"orientation": "h", "y": -0.22, "yanchor": "top", "x": 0},
        margin={"l": 60, "r": 16, "t": 12, "b": 60},
        hovermode="closest",
    )
    return figure.to_json().replace("</", "<\\/")


def _style(place: int, mode: str, several: bool) -> dict:
    """A colour, symbol and dash for a method, told apart without colour too."""
    color, symbol = COLORS[place % len(COLORS)], SYMBOLS[place % len(SYMBOLS)]
    if mode == "markers":
        return {"marker": {"color": color, "symbol": symbol, "size": 8}}
    dash = "dot" if several else DASHES[place // len(COLORS) % len(DASHES)]
    return {"line": {"color": color, "dash": dash, "width": 1.8}}


def _named(line: Line) -> str:
    """The method, with the number of copies that a classifier saw where it is in the file."""
    copies = line.file.removeprefix("classifier_").removesuffix("_curve.csv")
    return f"{line.run.named}, n = {copies}" if copies.isdigit() else line.run.named


def _read(path: Path) -> list[Point]:
    """The numbers of a curve file, a row a step; nothing where there is none, or none yet.

    Raises:
        CurveError: it cannot be read, or lacks a budget's column.
    """
    if not path.exists():
        return []
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            given = list(reader)
    except (UnicodeDecodeError, csv.Error) as error:
        raise CurveError(f"{path}: not a curve ({error}); run its stage again") from error
    missing = [name for name in BUDGETS if reader.fieldnames and name not in reader.fieldnames]
    if missing:
        raise CurveError(f"{path}: no column {', '.join(missing)}; run its stage again")
    rows = [
        {name: number for name, text in row.items() if (number := _number(text)) is not None}
        for row in given
    ]
    return [row for row in rows if set(BUDGETS) <= row.keys()]


def _number(text: object) -> float | None:
    """What a damaged or unfinished line holds is not drawn."""
    try:
        return float(str(text))
    except ValueError:
        return None


def _thinned(rows: list[Point]) -> list[Point]:
    """At most ``MOST_POINTS``, the last among them."""
    every = max(1, math.ceil(len(rows) / MOST_POINTS))
    return rows[::-1][::every][::-1]
