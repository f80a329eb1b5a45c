"""Tables as Markdown, for a terminal and a repository's page."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable

import tabulate

from benchmarks.tables.layout import Grid, Section

tabulate.MIN_PADDING = 0  # beside a heading, which would widen grids that just fit a terminal

WIDTH = 100
"""Characters of a line of prose."""
MARKER = re.compile(r" (?=(?:[-+*>|=]|#+|\d+[.)])(?: |$))")
"""A space before what would be a list, a heading or a table at the start of a line."""
KEPT = "\0"
"""Stands for a space at which no line may end."""

LEGEND = (
    "`ours (paper)`: a number in brackets is the one that the paper prints; alone, it is quoted, "
    "as this scale measured nothing there. The difference is ours minus the paper's, shown "
    "where both were measured on the same data set; sizes and operations are counted at the "
    "published sizes. Numbers in square brackets are footnotes. Several seeds: mean ± standard "
    "deviation. ↑ higher is better, ↓ lower is better. Budget: training signals seen (steps x "
    "batch), as a share of the published training, or of the one that `config/methods` assumes "
    "where none is published."
)


def page(scale: str, sections: Iterable[Section]) -> str:
    """All tables of a scale."""
    parts = [f"# Tables, scale `{scale}`", wrapped(LEGEND), *map(_section, sections)]
    return "\n\n".join(parts) + "\n"


def _section(section: Section) -> str:
    parts = [f"## {section.title}", wrapped(section.about)]
    captions = {grid.caption for grid in section.grids}
    last = ""
    for grid in section.grids:
        if len(captions) > 1 and grid.caption != last:
            parts.append(f"**{grid.caption}**")
        last = grid.caption
        parts.append(pipe(grid))
    footnotes = (f"[{n}] {text}" for n, text in enumerate(section.footnotes, 1))
    parts += [_listed(footnotes), *map(wrapped, section.remarks), _listed(section.notes)]
    return "\n\n".join(part for part in parts if part)


def _listed(items: Iterable[str]) -> str:
    return "\n".join(wrapped(f"- {item}", "  ") for item in items)


def wrapped(text: str, indent: str = "") -> str:
    """A paragraph in lines of at most ``WIDTH`` characters, or one word; it means the same.

    Args:
        indent: of all lines but the first.
    """
    lines = textwrap.wrap(
        MARKER.sub(KEPT, text),
        WIDTH,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "\n".join(lines).replace(KEPT, " ")


def pipe(grid: Grid) -> str:
    """One grid as a table of Markdown."""
    body = [[shown.marked for shown in row] for row in grid.rows]
    alignment = ["left", *["right"] * (len(grid.headings) - 1)]
    return tabulate.tabulate(
        body, list(grid.headings), tablefmt="pipe", disable_numparse=True, colalign=alignment
    )
