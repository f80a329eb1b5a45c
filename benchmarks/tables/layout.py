"""How a table is laid out for people: which columns are shown, in which grids, with which notes.

Markdown and HTML are both written from what stands here. The CSVs hold every cell as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from benchmarks.tables.about import left_out, not_compared, percent, provenance, short
from benchmarks.tables.cells import TableCell
from benchmarks.tables.published import Column, Row, Table
from benchmarks.tables.sources import Sources

GROUPS = {
    "reconstruction": "Reconstruction",
    "generation": "Generation",
    "classification": "Classification",
    "cost": "Size and operations",
}
ARROWS = {"higher": " ↑", "lower": " ↓", "none": ""}
Place = TypeVar("Place")
Later = tuple[TableCell, Callable[["Footnotes"], "Shown"]]
"""A cell, and what shows it: only then are its footnotes numbered."""
MOST_COLUMNS, MOST_CHARACTERS = 8, 120
"""Of a grid, so that it fits a terminal and a page."""
BETWEEN = 3
"""Characters that part two columns of a terminal."""


@dataclass(frozen=True)
class Shown:
    """What one place of a grid shows; ``value`` sorts it, ``note`` is its footnote's number.

    ``best`` marks the best of a column.
    """

    text: str
    value: float | str | None = None
    note: int | None = None
    best: bool = False

    @property
    def marked(self) -> str:
        """The text with its footnote: ``31.20 (39.4) [2]``."""
        return " ".join(part for part in (self.text, f"[{self.note}]" if self.note else "") if part)


@dataclass(frozen=True)
class Grid:
    """Rows of equal length; the first column names what a row is about."""

    caption: str
    headings: Sequence[str]
    rows: Sequence[Sequence[Shown]]


@dataclass(frozen=True)
class Section:
    """One table: grids, footnotes from 1, lines on what is left out, notes; all in Markdown."""

    name: str
    title: str
    about: str
    grids: Sequence[Grid]
    footnotes: Sequence[str] = ()
    remarks: Sequence[str] = ()
    notes: Sequence[str] = ()


class Footnotes:
    """Numbers reasons from 1, each reason once."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def number(self, reason: str) -> int | None:
        """This reason's; None for an empty one."""
        return self._numbers.setdefault(reason, len(self._numbers) + 1) if reason else None

    def lines(self) -> list[str]:
        """The reasons in their order, shortened."""
        return [short(reason) for reason in self._numbers]


def section(
    name: str, table: Table, cells: Sequence[TableCell], sources: Sources, notes: Sequence[str] = ()
) -> Section:
    """One table: what was measured on what, and a grid or more for each stage.

    Columns that are empty in the whole scale are left out and named in one line.
    """
    footnotes = Footnotes()
    place = {(cell.row, cell.column): cell for cell in cells}
    grids: list[Grid] = []
    shown = {key: c for key, c in table.columns.items() if not _empty(key, cells)}
    for stage, caption in GROUPS.items():
        columns = {key: column for key, column in shown.items() if column.stage == stage}
        if columns:
            grids += _grids(caption, table.rows, columns, place, footnotes)
    scale = sources.scale_config.scale
    return Section(
        name,
        table.title,
        provenance(name, table, cells, sources),
        grids,
        footnotes.lines(),
        [*left_out(name, table, shown, cells, scale), *not_compared(cells)],
        [*table.notes, *notes],
    )


def split(
    columns: Sequence[tuple[list[str], list[list[Place]]]],
    fixed: Sequence[int],
    width: Callable[[Place], int],
) -> Iterator[tuple[list[str], list[list[Place]]]]:
    """Columns in groups that fit a grid; what belongs together stays so.

    Args:
        columns: headings that belong together, and for each row their cells.
        fixed: characters of the columns that every grid has besides.
        width: characters of a cell.
    """
    headings: list[str] = []
    rows: list[list[Place]] = []
    taken = 0
    for names, cells in columns:
        wide = sum(
            max([len(name), *(width(line[at]) for line in cells)]) + BETWEEN
            for at, name in enumerate(names)
        )
        many = len(headings) + len(names) + len(fixed) > MOST_COLUMNS
        if headings and (many or taken + wide > MOST_CHARACTERS):
            yield headings, rows
            headings, rows = [], []
        if not headings:
            taken = 1 + sum(one + BETWEEN for one in fixed)
        taken += wide
        headings = headings + names
        rows = [a + b for a, b in zip(rows or [[] for _ in cells], cells, strict=True)]
    if headings:
        yield headings, rows


def _empty(key: str, cells: Sequence[TableCell]) -> bool:
    """No number of ours, and no failure that must be seen."""
    return all(
        cell.ours is None and cell.status != "failed" for cell in cells if cell.column == key
    )


def _grids(
    caption: str,
    rows: Sequence[Row],
    columns: dict[str, Column],
    place: dict[tuple[str, str], TableCell],
    footnotes: Footnotes,
) -> Iterator[Grid]:
    """One stage's columns; a row of a grid has a number in it, or a failure."""
    lines = {row.title: [place[row.title, key] for key in columns] for row in rows}
    blocks: list[tuple[list[str], list[list[Later]]]] = []
    for at, column in enumerate(columns.values()):
        found = [line[at] for line in lines.values()]
        unit = "" if column.unit == "1" else f" ({column.unit})"
        names = [f"{column.heading}{unit}{ARROWS[column.better]}"]
        if any(cell.printed for cell in found):
            names[0] += " (paper)"
        block: list[list[Later]] = [[(cell, partial(_ours, cell, column))] for cell in found]
        if any(cell.difference is not None for cell in found):
            names.append("difference")
            for beside, cell in zip(block, found, strict=True):
                beside.append((cell, partial(_difference, cell, column)))
        blocks.append((names, block))
    budgets = [_budget(line) for line in lines.values()]
    budget = any(shown.text for shown in budgets)
    fixed = [max(map(len, [*lines, "method"]))]
    fixed += [max(len(shown.text) for shown in [*budgets, Shown("budget")])] if budget else []
    for headings, block in split(blocks, fixed, _width):
        body = [
            [
                Shown(title),
                *(show(footnotes) for _, show in places),
                *([_budget(cell for cell, _ in places)] if budget else []),
            ]
            for title, places in zip(lines, block, strict=True)
            if any(_says(cell) for cell, _ in places)
        ]
        yield Grid(caption, ["method", *headings, *(["budget"] if budget else [])], body)


def _width(later: Later) -> int:
    """Characters of a cell whose footnote has a number of two digits."""
    shown = later[1](Footnotes())
    return len(shown.marked) + (shown.note is not None)


def _says(cell: TableCell) -> bool:
    """Whether there is more to show than that there is nothing."""
    return cell.ours is not None or bool(cell.printed) or cell.status == "failed"


def _ours(cell: TableCell, column: Column, footnotes: Footnotes) -> Shown:
    """Ours with the printed number in brackets; a number in brackets alone is quoted."""
    printed = f"({cell.printed})" if cell.printed else ""
    if cell.ours is None:
        text = " ".join(part for part in ("failed" * (cell.status == "failed"), printed) if part)
        why = "" if cell.status == "quoted" else cell.why_empty
        return Shown(text, cell.published, footnotes.number(why))
    spread = "" if cell.ours_std is None else f" ± {number(cell.ours_std, column.digits)}"
    text = f"{number(cell.ours, column.digits)}{spread} {printed}".rstrip()
    return Shown(text, cell.ours, footnotes.number(cell.note))


def _difference(cell: TableCell, column: Column, _: Footnotes) -> Shown:
    """Signed; of sizes and operations also in percent of the printed number."""
    if cell.difference is None or cell.published is None:
        return Shown("")
    digits = column.digits if column.digits.endswith("f") else ".2g"
    text = number(cell.difference, digits, "+") if cell.difference else "0"
    if column.stage == "cost" and cell.difference:
        text += f" ({100 * cell.difference / cell.published:+.1f} %)"
    return Shown(text, cell.difference)


def number(value: float, digits: str, sign: str = "") -> str:
    """In the given digits, without exponents that a reader has to undo."""
    text = format(value, f"{sign},{digits}")
    return format(float(text), f"{sign},f").rstrip("0").rstrip(".") if "e" in text else text


def _budget(line: Iterable[TableCell]) -> Shown:
    """What the row's numbers cost; nothing where all of them are quoted."""
    for cell in line:
        if cell.ours is None and cell.status != "failed":
            continue
        if cell.budget_fraction is not None:
            return Shown(percent(cell.budget_fraction), cell.budget_fraction)
        if cell.signals is not None:
            return Shown(f"{cell.signals:,} signals", cell.signals)
    return Shown("")
