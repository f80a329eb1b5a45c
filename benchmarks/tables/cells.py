"""One number of a table: ours, the printed one, their difference, and why any of them is empty."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import mean, stdev

from benchmarks.metrics.inception import MISSING
from benchmarks.records.result import Metric, Result, result_path
from benchmarks.settings.reading import ConfigError
from benchmarks.tables.certainty import is_ranked, rank_notes
from benchmarks.tables.published import Column, Group, Row, Table
from benchmarks.tables.sources import Problem, Sources

INCEPTION = ("fid", "rfid", "precision", "recall", "f1")
"""Columns of the published feature space."""
OTHER_SPACE = re.compile(r"^r?(fd|fid|precision|recall|f1)_\w+$")
"""Metrics in a feature space of their own name, which get columns of their own."""
COPIES = re.compile(r"copies(\d+)$")
"""The end of a metric's name for n augmented copies; without it, the fewest."""
DISTANCE = re.compile(r"^r?(fd|fid)_")


@dataclass(frozen=True)
class TableCell:
    """A table's cell in its column's unit; ``seeds`` is how many ``ours`` averages."""

    table: str
    row: str
    column: str
    ours: float | None
    ours_std: float | None
    seeds: int
    published: float | None
    difference: float | None
    dataset: str
    split: str
    samples: int | None
    budget_fraction: float | None
    unit: str
    why_empty: str
    status: str
    note: str
    signals: int | None
    printed: str


def table_cells(name: str, table: Table, sources: Sources) -> list[TableCell]:
    """Every cell of a table, row by row.

    A note says where a number was measured over another number of signals than most of its column,
    and a test PSNR's how certain its rank is.
    """
    cells = [
        make_cell(name, table, row, column, sources)
        for row in table.rows
        for column in table.columns
    ]
    ranks = rank_notes(name, table, sources)
    usual = {
        key: usual_samples(cell for cell in cells if cell.column == key) for key in table.columns
    }
    noted = []
    for cell in cells:
        said = [cell.note]
        if cell.ours is not None and cell.samples not in (None, usual[cell.column]):
            said.append(f"over {cell.samples:,} signals")
        if cell.ours is not None and is_ranked(table.columns[cell.column]):
            said.append(ranks.get(cell.row, ""))
        noted.append(replace(cell, note="; ".join(filter(None, said))))
    return noted


def usual_samples(cells: Iterable[TableCell]) -> int | None:
    """Over how many signals most of these numbers were measured, the larger of two as frequent."""
    counts = Counter(cell.samples for cell in cells if cell.ours is not None and cell.samples)
    return max(counts, key=lambda count: (counts[count], count)) if counts else None


def make_cell(name: str, table: Table, row: Row, key: str, sources: Sources) -> TableCell:
    """One cell. The difference is ours minus the printed number, on the same data set only."""
    column = table.columns[key]
    found = sources.results(name, table, row, column.stage)
    results = [result for result in found if isinstance(result, Result)]
    metrics = [_metrics(result, row, key, column) for result in results]
    values = [
        _sum(parts, column, result, sources)
        for result, parts in zip(results, metrics, strict=True)
        if parts
    ]
    ours = mean(values) if values else None
    printed = table.printed(row, key)
    published = None if printed is None else float(printed)
    scale = sources.scale_config.scale
    problem = _problem(found, row, key, column, scale) if ours is None else None
    unlike = _unlike(name, table, column, sources)
    difference = None
    if ours is not None and published is not None and not unlike:
        difference = ours - published
    why = problem.reason if problem else unlike if published is not None else ""
    first = next((parts[0] for parts in metrics if parts), None)
    budget = next((result.budget for result in results if result.budget), None)
    return TableCell(
        table=name,
        row=row.title,
        column=key,
        ours=ours,
        ours_std=stdev(values) if len(values) > 1 else None,
        seeds=len(values),
        published=published,
        difference=difference,
        dataset=_dataset(name, table, row, column, sources),
        split=first.split if first else column.split or "",
        samples=first.samples if first else None,
        budget_fraction=budget.fraction if budget else None,
        unit=column.unit,
        why_empty=why,
        status=problem.status if problem else "ok",
        note=_note(found, metrics, sources),
        signals=budget.signals if budget else None,
        printed="" if printed is None else f"{printed:,}",
    )


def with_other_spaces(name: str, table: Table, sources: Sources) -> Table:
    """The table with a column for every feature space that our results name."""
    stages = [column.stage for key, column in table.columns.items() if key in INCEPTION]
    extra: dict[str, Column] = {}
    for row in table.rows:
        for stage in dict.fromkeys(stages):
            for result in sources.results(name, table, row, stage):
                for metric in result.metrics if isinstance(result, Result) else []:
                    if OTHER_SPACE.match(metric.name) and metric.name not in table.columns:
                        extra.setdefault(metric.name, _space_column(metric, stage))
    return table.model_copy(update={"columns": {**table.columns, **extra}})


def _space_column(metric: Metric, stage: Group) -> Column:
    distance = DISTANCE.match(metric.name)
    return Column(
        heading=metric.name,
        unit=metric.unit,
        better="lower" if distance else "higher",
        digits=".2f" if distance else ".3f",
        stage=stage,
        metrics=[metric.name],
        split="test" if stage == "reconstruction" else "generated",
    )


def _metrics(result: Result, row: Row, key: str, column: Column) -> list[Metric]:
    """The metrics whose sum fills the column; empty where one was not measured."""
    names = [row.metric_names[key]] if key in row.metric_names else column.metrics
    parts = [
        next(
            (
                metric
                for metric in result.metrics
                if metric.name == name
                and metric.value is not None
                and column.split in (None, metric.split)
            ),
            None,
        )
        for name in names
    ]
    return [part for part in parts if part] if all(parts) else []


def _sum(parts: Sequence[Metric], column: Column, result: Result, sources: Sources) -> float:
    try:
        return sum(column.convert(part.value or 0, part.unit) for part in parts)
    except ConfigError as error:
        cell = (result.scale, result.dataset, result.method, result.seed)
        path = result_path(sources.root, *cell, column.stage)
        raise ConfigError(f"{path}: {error}") from error


def _problem(
    found: Sequence[Result | Problem], row: Row, key: str, column: Column, scale: str
) -> Problem:
    problems = [entry for entry in found if isinstance(entry, Problem)]
    failed = [problem for problem in problems if problem.status == "failed"]
    if problems:
        return (failed or problems)[0]
    if key in INCEPTION:
        return Problem("not run", MISSING)
    wanted = COPIES.search(row.metric_names.get(key, ""))
    ran = sorted({count for result in found if isinstance(result, Result) for count in _n(result)})
    if wanted and ran:
        others = ", ".join(map(str, ran))
        reason = f"not run with n = {wanted[1]} copies; scale {scale} ran n = {others}"
        return Problem("not run", reason)
    return Problem("not run", f"scale {scale} measured no {column.heading}")


def _n(result: Result) -> list[int]:
    """The numbers of augmented copies that a classifier was trained on."""
    return [int(m.value) for m in result.metrics if m.value and re.match(r"copies\d*$", m.name)]


def _unlike(name: str, table: Table, column: Column, sources: Sources) -> str:
    """Why our number and the printed one cannot be subtracted; empty where they can."""
    ours = sources.dataset(name)
    if column.stage == "cost" or ours is None:
        return ""
    if ours.published and table.dataset in (ours.name, ours.stands_for):
        return ""
    return f"no difference: {ours.name} is not {table.dataset_title or table.dataset}"


def _dataset(name: str, table: Table, row: Row, column: Column, sources: Sources) -> str:
    if column.stage == "cost":
        return row.dataset or table.dataset or ""
    return sources.scale_config.tables.get(name, "")


def _note(
    found: Sequence[Result | Problem], metrics: Sequence[Sequence[Metric]], sources: Sources
) -> str:
    """What a number leaves out, seeds and signals, and whether it was trained as configured."""
    results = [result for result in found if isinstance(result, Result)]
    used = [result for result, parts in zip(results, metrics, strict=True) if parts]
    measured = len(used)
    remarks = sorted({said for result in used if (said := sources.changed(result))})
    remarks += sorted({part.note for parts in metrics for part in parts if part.note})
    if measured and measured < len(found):
        reasons = {entry.reason for entry in found if isinstance(entry, Problem)}
        others = "; ".join(sorted(reasons)) or "not measured"
        remarks.insert(0, f"{measured} of {len(found)} seeds; the others: {others}")
    return "; ".join(remarks)
