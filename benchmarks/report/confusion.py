"""A classifier's confusions as a figure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from benchmarks.report.plot import Chart, chart

READABLE = 12
"""Classes whose counts still fit into a cell."""


def confusion_chart(classes: Sequence[str], counts: NDArray[np.integer]) -> Chart:
    """A row a true class, a column a predicted one, shades are shares of a row.

    Args:
        counts: ``(classes, classes)``.
    """
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    names = list(classes)
    figure = go.Figure(
        go.Heatmap(
            x=names,
            y=names,
            z=shares.round(4).tolist(),
            text=counts.tolist(),
            texttemplate="%{text}" if len(names) <= READABLE else None,
            coloraxis="coloraxis",
            xgap=1,
            ygap=1,
            hovertemplate="true %{y}, predicted %{x}<br>%{text:,} signals, "
            "%{z:.1%} of the row<extra></extra>",
        )
    )
    return chart(
        figure,
        xaxis={"title": {"text": "predicted"}, "tickangle": -50},
        yaxis={"title": {"text": "true", "standoff": 10}, "autorange": "reversed"},
        coloraxis={"cmin": 0, "cmax": 1, "showscale": False},
    )
