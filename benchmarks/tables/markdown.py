"""Tables for people: ours, the printed number and the difference side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tabulate import tabulate

from benchmarks.tables.cells import DISTANCE, INCEPTION, TableCell
from benchmarks.tables.published import Column, Row, Table
from benchmarks.tables.sources import Sources

GROUPS = {
    "reconstruction": "Reconstruction",
    "generation": "Generation",
    "classification": "Classification",
    "cost": "Size and operations",
}
ARROWS = {"higher": " ↑", "lower": " ↓", "none": ""}
LEGEND = (
    "Each quantity has ours, the number that the paper prints (- where it prints none), and ours "
    "minus the paper's. A difference is shown only where both were measured on the same data set; "
    "sizes and operations are always counted at the published sizes. Numbers in brackets are "
    "footnotes that say why a cell is empty. Several seeds: mean ± standard deviation. ↑ higher is "
    "better, ↓ lower is better. Budget: training signals seen (steps x batch), as a share of the "
    "published training, or of the one that `config/methods` assumes where none is published."
)
UNEXPLAINED = (
    "What `config/methods` says about printed figures, and about settings that none explains:"
)


class Footnotes:
    """Numbers reasons from 1, each reason once."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def mark(self, reason: str) -> str:
        """``[n]`` for this reason; nothing for an empty one."""
        if not reason:
            return ""
        return f"[{self._numbers.setdefault(reason, len(self._numbers) + 1)}]"

    def lines(self) -> list[str]:
        """One line a reason."""
        return [f"- [{number}] {reason}" for reason, number in self._numbers.items()]


def section(
    name: str, table: Table, cells: Sequence[TableCell], sources: Sources, notes: Sequence[str] = ()
) -> str:
    """One table as a section: what was measured on what, a part a stage, footnotes, notes."""
    footnotes = Footnotes()
    by_place = {(cell.row, cell.column): cell for cell in cells}
    parts = [f"## {table.title}", _provenance(name, table, cells, sources)]
    stages = [stage for stage in GROUPS if any(c.stage == stage for c in table.columns.values())]
    for stage in stages:
        columns = {key: column for key, column in table.columns.items() if column.stage == stage}
        if len(stages) > 1:
            parts.append(f"**{GROUPS[stage]}**")
        parts.append(_grid(stage, table.rows, columns, by_place, footnotes))
    parts.append("\n".join(footnotes.lines()))
    parts.append("\n".join(f"- {note}" for note in table.notes))
    parts += [f"{UNEXPLAINED}\n\n" + "\n".join(f"- {note}" for note in notes)] if notes else []
    return "\n\n".join(part for part in parts if part)


def _grid(
    stage: str,
    rows: Sequence[Row],
    columns: dict[str, Column],
    cells: dict[tuple[str, str], TableCell],
    footnotes: Footnotes,
) -> str:
    """One stage's columns; rows that the paper gives nothing for and we do not run are left out."""
    compared = {
        key for key in columns if any(cells[row.title, key].published is not None for row in rows)
    }
    headers = ["method"]
    for key, column in columns.items():
        unit = "" if column.unit == "1" else f" ({column.unit})"
        headers.append(f"{column.heading}{unit}{ARROWS[column.better]}")
        headers += ["paper", "difference"] if key in compared else []
    budgeted = stage != "cost"
    body = []
    for row in rows:
        line = [cells[row.title, key] for key in columns]
        if row.method is None and all(cell.published is None for cell in line):
            continue
        shown = [row.title]
        for key, cell in zip(columns, line, strict=True):
            shown.append(_ours(cell, columns[key], footnotes))
            if key in compared:
                shown += [cell.printed or "-", _difference(cell, columns[key], footnotes)]
        body.append(shown + ([_budget(line)] if budgeted else []))
    headers += ["budget"] if budgeted else []
    alignment = ["left", *["right"] * (len(headers) - 1)]
    return tabulate(body, headers, tablefmt="pipe", disable_numparse=True, colalign=alignment)


def _ours(cell: TableCell, column: Column, footnotes: Footnotes) -> str:
    if cell.ours is None:
        word = "failed " if cell.status == "failed" else ""
        return word + footnotes.mark(cell.why_empty)
    spread = "" if cell.ours_std is None else f" ± {_number(cell.ours_std, column.digits)}"
    mark = footnotes.mark(cell.note)
    return f"{_number(cell.ours, column.digits)}{spread}{f' {mark}' if mark else ''}"


def _difference(cell: TableCell, column: Column, footnotes: Footnotes) -> str:
    """Signed; of sizes and operations also in percent of the printed number."""
    if cell.difference is None or cell.published is None:
        return "" if cell.ours is None else footnotes.mark(cell.why_empty)
    digits = column.digits if column.digits.endswith("f") else ".2g"
    text = _number(cell.difference, digits, "+") if cell.difference else "0"
    if column.stage != "cost" or not cell.difference:
        return text
    return f"{text} ({100 * cell.difference / cell.published:+.1f} %)"


def _number(value: float, digits: str, sign: str = "") -> str:
    """In the given digits, without exponents that a reader has to undo."""
    text = format(value, f"{sign},{digits}")
    return format(float(text), f"{sign},f").rstrip("0").rstrip(".") if "e" in text else text


def _budget(line: Iterable[TableCell]) -> str:
    for cell in line:
        if cell.budget_fraction is not None:
            return percent(cell.budget_fraction)
        if cell.signals is not None:
            return f"{cell.signals:,} signals"
    return ""


def percent(fraction: float) -> str:
    """A share with two significant digits, in percent."""
    value = 100 * fraction
    return f"{value:.0f} %" if value >= 10 else f"{value:.2g} %"


def _provenance(name: str, table: Table, cells: Sequence[TableCell], sources: Sources) -> str:
    """The line that says what was measured on what."""
    published = f"**Paper**: {table.paper} ({table.place})"
    if table.dataset is None:
        return f"{published}, sizes as in `config/methods`. **Ours**: counted at the same sizes."
    published += f", on {table.dataset_title or table.dataset}."
    ours, scale = sources.dataset(name), sources.scale_config.scale
    if ours is None:
        return f"{published} **Ours**: scale `{scale}` has no data set for this table."
    measured = [cell for cell in cells if cell.ours is not None and cell.samples]
    counts = {cell.split: cell.samples for cell in measured}
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
