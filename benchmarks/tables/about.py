"""The sentences around a table: what was measured on what, and what is left out and why."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.tables.cells import DISTANCE, INCEPTION, TableCell, usual_samples
from benchmarks.tables.published import Column, Table
from benchmarks.tables.sources import ELSEWHERE, Sources

SHORT = 150
"""Characters of a footnote; the CSV has all of it."""


def short(reason: str) -> str:
    """Not longer than a footnote should be, cut between words."""
    if len(reason) <= SHORT:
        return reason
    return reason[:SHORT].rsplit(" ", 1)[0].rstrip(",;:") + " ..."


def percent(fraction: float) -> str:
    """A share with two significant digits, in percent."""
    value = 100 * fraction
    return f"{value:.0f} %" if value >= 10 else f"{value:.2g} %"


def left_out(
    name: str, table: Table, shown: dict[str, Column], cells: Sequence[TableCell], scale: str
) -> list[str]:
    """One line on the columns that are empty, by their reasons."""
    reasons: dict[str, list[str]] = {}
    for key, column in table.columns.items():
        if key not in shown:
            empty = [c for c in cells if c.column == key and c.status != "quoted"]
            # What the scale runs says more than what it leaves to others.
            ours = [c.why_empty for c in empty if c.status != ELSEWHERE]
            ours = ours or [c.why_empty for c in empty]
            reason = max(dict.fromkeys(ours), key=ours.count) if ours else "quoted only"
            reasons.setdefault(reason, []).append(column.heading)
    if not reasons:
        return []
    parts = [f"{', '.join(found)} ({short(reason)})" for reason, found in reasons.items()]
    if not shown and len(reasons) == 1:
        parts = [f"all columns ({short(next(iter(reasons)))})"]
    text = f"Left out, as no row has it in scale `{scale}`: {'; '.join(parts)}."
    if any(c.published is not None for c in cells if c.column not in shown):
        text += f" The paper's numbers are in `tables/{name}.csv`."
    return [text]


def not_compared(cells: Sequence[TableCell]) -> list[str]:
    """Why numbers stand side by side without a difference, once."""
    reasons = {
        cell.why_empty.removeprefix("no difference: ")
        for cell in cells
        if cell.ours is not None and cell.published is not None and cell.difference is None
    }
    return [f"No differences of measured quality: {'; '.join(sorted(reasons))}."] if reasons else []


def provenance(name: str, table: Table, cells: Sequence[TableCell], sources: Sources) -> str:
    """The line that says what was measured on what."""
    published = f"**Paper**: {table.paper} ({table.place})"
    if table.dataset is None:
        return f"{published}, sizes as in `config/methods`. **Ours**: counted at the same sizes."
    published += f", on {table.dataset_title or table.dataset}."
    ours, scale = sources.dataset(name), sources.scale_config.scale
    if ours is None:
        return f"{published} **Ours**: scale `{scale}` has no data set for this table."
    measured = [cell for cell in cells if cell.ours is not None and cell.samples]
    counts = {
        split: usual_samples(cell for cell in measured if cell.split == split)
        for split in dict.fromkeys(cell.split for cell in measured)
    }
    samples = ", ".join(f"{count:,} {split}" for split, count in counts.items())
    fractions = sorted({c.budget_fraction for c in measured if c.budget_fraction is not None})
    budget = " to ".join(dict.fromkeys(percent(f) for f in (fractions[:1] + fractions[-1:])))
    known_as = "" if ours.title == ours.name else f" ({ours.title})"
    parts = [f"**Ours**: scale `{scale}`, {ours.name}{known_as}"]
    parts += [f"{samples} signals measured"] if samples else []
    sentences = [f"{published} {', '.join(parts)}."]
    if "fid" in table.columns:
        spaces = dict.fromkeys(_space(cell.column) for cell in measured if _space(cell.column))
        sentences.append(f"**Feature space**: {', '.join(spaces) or 'no generation result'}.")
    sentences.append(f"**Budget**: {f'{budget} of the published training' if budget else 'none'}.")
    return " ".join(sentences)


def _space(column: str) -> str:
    """The feature space behind a column, empty where it needs none."""
    if column in INCEPTION:
        return "Inception of 2015"
    return column.removeprefix("r").removeprefix("fd_") if DISTANCE.match(column) else ""
