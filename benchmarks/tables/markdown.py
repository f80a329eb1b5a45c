"""Tables as Markdown, for a terminal and a repository's page."""

from __future__ import annotations

from collections.abc import Iterable

import tabulate

from benchmarks.tables.layout import Grid, Section

tabulate.MIN_PADDING = 0  # beside a heading, which would widen grids that just fit a terminal

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
    parts = [f"# Tables, scale `{scale}`", LEGEND, *map(_section, sections)]
    return "\n\n".join(parts) + "\n"


def _section(section: Section) -> str:
    parts = [f"## {section.title}", section.about]
    captions = {grid.caption for grid in section.grids}
    last = ""
    for grid in section.grids:
        if len(captions) > 1 and grid.caption != last:
            parts.append(f"**{grid.caption}**")
        last = grid.caption
        parts.append(pipe(grid))
    parts.append("\n".join(f"- [{n}] {text}" for n, text in enumerate(section.footnotes, 1)))
    parts += section.remarks
    parts.append("\n".join(f"- {note}" for note in section.notes))
    return "\n\n".join(part for part in parts if part)


def pipe(grid: Grid) -> str:
    """One grid as a table of Markdown."""
    body = [[shown.marked for shown in row] for row in grid.rows]
    alignment = ["left", *["right"] * (len(grid.headings) - 1)]
    return tabulate.tabulate(
        body, list(grid.headings), tablefmt="pipe", disable_numparse=True, colalign=alignment
    )
