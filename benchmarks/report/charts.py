"""Figures of training curves, all methods of a data set in one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import plotly.graph_objects as go

from benchmarks.report.curves import read_points, thinned
from benchmarks.report.plot import BUDGETS, LOGARITHMIC, Chart, chart, placed, style
from benchmarks.report.runs import Run


@dataclass(frozen=True)
class Line:
    """One run's curve: a line of ``y`` on ``what``, and marks where ``marked`` was measured."""

    run: Run
    file: str
    y: str
    marked: str = ""
    what: str = "training"


def psnr_chart(runs: Sequence[Run]) -> Chart | None:
    """PSNR of the field over its budget: lines for training signals, marks for validation."""
    lines = [Line(run, "curve.csv", "train_psnr", "validation_psnr") for run in runs]
    return _chart(lines, runs, "PSNR (dB)", "signals")


def points_seen(runs: Sequence[Run]) -> str:
    """The sentence on training lines that are no PSNR of whole signals; empty where all are."""
    fits = {run.title: run.results.get("fit") for run in runs}
    made = {title: fit.provenance for title, fit in fits.items() if fit}
    some = [title for title, own in made.items() if own and own.stride > 1]
    if not some:
        return ""
    return (
        f"The training lines of {', '.join(some)} are the PSNR on the points that each step's "
        "latents were fitted on, one in every block of the grid; marks and tables are that of the "
        "whole grid."
    )


def learning_chart(measured: Sequence[Run], runs: Sequence[Run], file: str) -> Chart | None:
    """Test PSNR of the field along its training, of the runs of which it was measured."""
    lines = [Line(run, file, "test_psnr", what="test") for run in measured]
    return _chart(lines, runs, "test PSNR (dB)", "signals")


def denoiser_chart(runs: Sequence[Run]) -> Chart | None:
    """Denoising loss over latents seen, on a logarithmic axis."""
    lines = [Line(run, "denoiser_curve.csv", "loss") for run in runs]
    return _chart(lines, runs, "denoising loss", "latents", logarithmic=True)


def classifier_chart(runs: Sequence[Run]) -> Chart | None:
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
) -> Chart | None:
    """The figure; None where no curve is there.

    Args:
        runs: all of the data set, so that a method has one colour in all figures.
        seen: what the budget counts.
    """
    lines = [line for line in lines if line.run.results]
    figure = go.Figure()
    places = placed(run.title for run in runs if run.results)
    named: set[str] = set()
    repeated = [b for a, b in pairwise(lines) if a.run is b.run]
    for line in lines:
        rows, name = read_points(line.run.folder / line.file, BUDGETS), _named(line)
        for column, mode in ((line.y, "lines"), (line.marked, "markers")):
            points = thinned([row for row in rows if math.isfinite(row.get(column, math.nan))])
            if not points:
                continue
            what = "validation" if mode == "markers" else line.what
            figure.add_trace(
                go.Scatter(
                    y=[row[column] for row in points],
                    customdata=[[row[budget] for budget in BUDGETS] for row in points],
                    mode=mode,
                    name=name,
                    legendgroup=name,
                    showlegend=name not in named,
                    hovertemplate=f"{name}, {what}<br>{title}: %{{y:.4~g}}<br>after "
                    f"%{{customdata[0]:,}} {seen}, %{{customdata[1]:.4~g}} s<extra></extra>",
                    **style(places[line.run.title], mode, dotted=line in repeated),
                )
            )
            named.add(name)
    if not named:
        return None
    values = {**LOGARITHMIC, "tickformat": "~g"} if logarithmic else {}
    return chart(
        figure,
        BUDGETS.values(),
        meta=[f"training {seen} seen", "training time (s)"],
        xaxis={**LOGARITHMIC, "tickformat": "~s"},
        yaxis={"title": {"text": title}, **values},
    )


def _named(line: Line) -> str:
    """The method, with the number of copies that a classifier saw where it is in the file."""
    copies = line.file.removeprefix("classifier_").removesuffix("_curve.csv")
    return f"{line.run.named}, n = {copies}" if copies.isdigit() else line.run.named
