"""A figure that Plotly draws inside the page: traces, axes and styles in one look."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from benchmarks.figures.curves import COLORS

SYMBOLS = ("circle", "square", "triangle-up", "diamond", "triangle-down", "cross", "x")
DASHES = ("solid", "dash", "longdashdot")
LOGARITHMIC = {"type": "log", "nticks": 5}
"""Plotly places the ticks: a fixed step leaves one on a short axis and crowds a narrow page."""
BUDGETS = {"signals": "budget", "seconds": "time"}
"""Columns of a curve file -> the axes of a figure over them, in the order of ``customdata``."""


@dataclass(frozen=True)
class Chart:
    """A figure as JSON; ``axes`` names its horizontal axes, a button each, where it has several.

    The layout's ``meta`` then holds their titles, and a point's ``customdata`` its place on each
    and, behind those, the deviation along each.
    """

    data: str
    axes: Sequence[str] = ()


def chart(figure: go.Figure, axes: Iterable[str] = (), **layout: Any) -> Chart:
    """A figure in the page's look; the colours of its text and axes are set when it is drawn."""
    figure.update_layout(
        template="none",
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        margin={"l": 60, "r": 16, "t": 12, "b": 60},
        hovermode="closest",
    )
    figure.update_layout(**layout)
    return Chart(figure.to_json().replace("</", "<\\/"), tuple(axes))


def placed(titles: Iterable[str]) -> dict[str, int]:
    """A place for each title, from which its style follows."""
    return {title: place for place, title in enumerate(dict.fromkeys(titles))}


def style(place: int, mode: str, *, dotted: bool = False, hollow: bool = False) -> dict[str, Any]:
    """A colour, symbol and dash, told apart without colour too.

    Args:
        mode: Plotly's, of lines, markers or both.
        dotted: a line that belongs to another one of the same place.
    """
    color, again = COLORS[place % len(COLORS)], place // len(COLORS)
    symbol = SYMBOLS[(place + again) % len(SYMBOLS)]
    dash = "dot" if dotted else DASHES[again % len(DASHES)]
    found: dict[str, Any] = {}
    if "lines" in mode:
        found["line"] = {"color": color, "dash": dash, "width": 1.8}
    if "markers" in mode:
        symbol += "-open" * hollow
        found["marker"] = {"color": color, "symbol": symbol, "size": 6 if found else 9}
    return found
