"""Figures of networks on one signal: curves, the search over frequencies, errors by frequency."""

from __future__ import annotations

import math
import re
from pathlib import Path
from statistics import mean
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from benchmarks.records.result import Result
from benchmarks.report.curves import Point, read_points
from benchmarks.report.plot import Chart, chart, style
from benchmarks.stages.single_signal.recorded import sizes

SCORE = "_score_"
ERROR, HERTZ = "error_", "Hz"
"""Around a frequency in the columns of a curve."""


def networks(result: Result) -> dict[str, str]:
    """Titles of the networks that a comparison recorded, by name; empty without its settings."""
    return {name: own["title"] for name, own in _config(result).get("methods", {}).items()}


def which(result: Result, method: str) -> str:
    """The optimiser whose training is shown: of those that did not diverge, the search's best."""
    if result.value(f"{method}_psnr_muon") is None:
        return "adam"
    if result.value(f"{method}_psnr") is None:
        return "muon"
    scores = _scores(result, method)
    return "muon" if "_muon" in max(scores, key=scores.__getitem__, default="") else "adam"


def _scores(result: Result, method: str) -> dict[str, float]:
    """What a network's search found, by what was tried."""
    return {
        metric.name.removeprefix(f"{method}{SCORE}"): metric.value
        for metric in result.metrics
        if metric.name.startswith(f"{method}{SCORE}") and metric.value is not None
    }


def curves_chart(result: Result, folder: Path) -> Chart | None:
    """PSNR of every network over its steps, a mean over the task's signals."""
    figure = go.Figure()
    for place, (method, title) in enumerate(networks(result).items()):
        paths = [
            path
            for seed in sizes(result).get("seeds", [])
            for path in folder.glob(f"{method}_{which(result, method)}_*_seed{seed}_curve.csv")
        ]
        points = _mean([read_points(path, ("step", "psnr")) for path in paths])
        if points:
            figure.add_trace(
                go.Scatter(
                    x=[point["step"] for point in points],
                    y=[point["psnr"] for point in points],
                    mode="lines+markers",
                    name=title,
                    hovertemplate=f"{title}: %{{y:.2f}} dB<br>after %{{x:,}} steps<extra></extra>",
                    **style(place, "lines+markers"),
                )
            )
    if not figure.data:
        return None
    axes = {"xaxis": {"title": {"text": "steps"}}, "yaxis": {"title": {"text": "PSNR (dB)"}}}
    return chart(figure, **axes)


def _mean(curves: list[list[Point]]) -> list[Point]:
    """Row by row; curves of one task are measured at the same steps."""
    return [
        {name: mean(row[name] for row in rows) for name in ("step", "psnr")}
        for rows in zip(*curves, strict=False)
    ]


def factors_chart(result: Result) -> Chart | None:
    """Score of every network's search over the factor of its first layer's frequencies."""
    figure = go.Figure()
    tried: set[float] = set()
    rate = _config(result).get("tasks", {}).get(result.dataset, {}).get("rate", 0)
    alone = re.compile(rf"first(.+)_hidden1_rate{re.escape(f'{rate:.3g}')}")
    for place, (method, title) in enumerate(networks(result).items()):
        scores = {
            float(found[1]): score
            for name, score in _scores(result, method).items()
            if (found := alone.fullmatch(name))
        }
        tried |= scores.keys()
        if scores:
            figure.add_trace(
                go.Scatter(
                    x=list(scores),
                    y=list(scores.values()),
                    mode="lines+markers",
                    name=title,
                    hovertemplate=f"{title}, frequencies times %{{x:g}}<br>"
                    "score %{y:.2f} dB<extra></extra>",
                    **style(place, "lines+markers"),
                )
            )
    if not tried:
        return None
    ticks: dict[str, Any] = {
        "type": "log", "tickvals": sorted(tried), "ticktext": [f"{f:g}" for f in sorted(tried)]
    }  # fmt: skip
    return chart(
        figure,
        xaxis={"title": {"text": "factor of the first frequencies (ReLIFT's gamma)"}, **ticks},
        yaxis={"title": {"text": "search score (dB)"}},
    )


def spectral_chart(folder: Path) -> Chart | None:
    """A panel a network: steps to the right, a row a frequency."""
    titles = {"siren": "SIREN", "relift": "ReLIFT"}
    curves = {
        title: read_points(folder / f"{name}_curve.csv", ("step",))
        for name, title in titles.items()
    }
    curves = {
        title: [row for row in rows if any(name.startswith(ERROR) for name in row)]
        for title, rows in curves.items()
    }
    if not all(curves.values()):
        return None
    figure = make_subplots(
        rows=len(curves), cols=1, shared_xaxes=True, subplot_titles=list(curves),
        vertical_spacing=0.14,
    )  # fmt: skip
    for place, (title, rows) in enumerate(curves.items(), 1):
        names = [name for name in rows[0] if name.startswith(ERROR)]
        hertz = [name.removeprefix(ERROR).removesuffix(HERTZ) + " Hz" for name in names]
        figure.add_trace(
            go.Heatmap(
                x=[row["step"] for row in rows],
                y=hertz,
                z=[[round(row.get(name, math.nan), 4) for row in rows] for name in names],
                coloraxis="coloraxis",
                hovertemplate=f"{title}, %{{y}}<br>relative error %{{z:.3f}}<br>"
                "after %{x:,} steps<extra></extra>",
            ),
            row=place,
            col=1,
        )
    figure.update_xaxes(title_text="steps", row=len(curves), col=1)
    colours = {"cmin": 0, "cmax": 1, "colorbar": {"title": {"text": "relative error"}}}
    return chart(figure, coloraxis=colours, margin={"l": 60, "r": 16, "t": 30, "b": 60})


def _config(result: Result) -> dict[str, Any]:
    return result.provenance.config if result.provenance else {}
