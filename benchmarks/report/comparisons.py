"""Figures of what quality costs: PSNR by the size of latents, and how long it takes to train."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from benchmarks.report.parts import Figure, Part
from benchmarks.report.plot import BUDGETS, LOGARITHMIC, Chart, chart, placed, style
from benchmarks.report.runs import Run
from benchmarks.tables.psnr_by_size import Sized
from benchmarks.tables.time_to_quality import AXES, Reached

SIZES = (
    "Test PSNR over the floats of a signal's latent, each method after its own training: it leads "
    "at equal size where its mark is higher at the same place; hollow marks are numbers that "
    "papers print."
)
TIMES = (
    "How long each method's field took until its PSNR first reached a level: left is better. "
    "Levels that were not reached have no mark; the table below has the numbers."
)


def comparisons(
    marks: Sequence[Sized], found: Sequence[Reached], runs: Sequence[Run]
) -> list[Part]:
    """What is compared between all methods of a data set, where there are two things to compare."""
    sizes, times = size_chart(marks, runs), time_chart(found, runs)
    shown = [
        Part("size", "Quality and latent size", [Figure(SIZES, chart=sizes)] if sizes else []),
        Part("time", "Time to quality", [Figure(TIMES, chart=times)] if times else []),
    ]
    return [part for part in shown if part.figures]


def size_chart(marks: Sequence[Sized], runs: Sequence[Run]) -> Chart | None:
    """A mark a system, filled where it was measured here; None where there is none.

    Args:
        runs: all of the data set, so that a method has one colour in all figures.
    """
    if not marks:
        return None
    figure = go.Figure()
    places = placed([run.title for run in runs if run.results] + [mark.title for mark in marks])
    for mark in marks:
        name = ", ".join(filter(None, (mark.title, "printed" * mark.printed, mark.seeds)))
        spread = f" ± {mark.spread:.2f}" if mark.spread else ""
        figure.add_trace(
            go.Scatter(
                x=[mark.floats],
                y=[mark.psnr],
                error_y={"array": [mark.spread]} if mark.spread else None,
                mode="markers",
                name=name,
                showlegend=True,
                hovertemplate=f"{name}<br>%{{y:.2f}}{spread} dB<br>"
                "%{x:,.0f} latent floats<extra></extra>",
                **style(places[mark.title], "markers", hollow=mark.printed),
            )
        )
    return chart(
        figure,
        xaxis={"title": {"text": "floats of a signal's latent"}, **LOGARITHMIC, "tickformat": "~s"},
        yaxis={"title": {"text": "test PSNR (dB)"}},
    )


def time_chart(found: Sequence[Reached], runs: Sequence[Run]) -> Chart | None:
    """A line a method through the levels that it reached; None where fewer than two were.

    Args:
        found: of the data set.
        runs: all of it.
    """
    if len({entry.level for entry in found if entry.average("seconds")}) < 2:
        return None
    figure = go.Figure()
    places = placed([run.title for run in runs if run.results] + [entry.title for entry in found])
    for title in dict.fromkeys(entry.title for entry in found):
        own = [entry for entry in found if entry.title == title and entry.average("seconds")]
        if not own:
            continue
        budgets = [[entry.average(axis) or (0.0, None) for axis in BUDGETS] for entry in own]
        repeated = any(spread is not None for row in budgets for _, spread in row)
        figure.add_trace(
            go.Scatter(
                y=[entry.level for entry in own],
                customdata=[[v for v, _ in row] + [s or 0.0 for _, s in row] for row in budgets],
                error_x={"type": "data"} if repeated else None,
                mode="lines+markers",
                name=title,
                showlegend=True,
                hovertemplate=f"{title} reached %{{y:g}} dB<br>after %{{customdata[0]:,.0f}} "
                "training signals, %{customdata[1]:.4~g} s<extra></extra>",
                **style(places[title], "lines+markers"),
            )
        )
    return chart(
        figure,
        BUDGETS.values(),
        meta=[AXES[axis] for axis in BUDGETS],
        xaxis={**LOGARITHMIC, "tickformat": "~s"},
        yaxis={"title": {"text": "PSNR reached (dB)"}},
    )
