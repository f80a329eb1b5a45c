"""What tables and the report say about how certain a rank by PSNR is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmarks.metrics.certainty import CONFIDENCE, ties
from benchmarks.records.result import Result
from benchmarks.records.signals import read_psnr
from benchmarks.tables.published import Column, Table
from benchmarks.tables.sources import Sources

HOW = f"paired bootstrap over test signals, {100 * CONFIDENCE:.0f} %"


def certainty(root: Path, results: Mapping[str, Sequence[Result]]) -> dict[str, str]:
    """``certain``, or ``tied with X, Y``, for each method by its title.

    A method has none where a seed keeps no PSNR of each signal, or where all others were measured
    on another number of them; nor has one that stands alone.

    Args:
        results: of reconstructions, a method's seeds together.
    """
    kept: dict[str, np.ndarray] = {}
    for title, seeds in results.items():
        found = [read_psnr(root, result) for result in seeds]
        signals = [each for each in found if each is not None]
        if signals and len(signals) == len(found) and len({len(each) for each in signals}) == 1:
            kept[title] = np.mean(signals, axis=0)
    said = {}
    for count in {len(each) for each in kept.values()}:
        alike = {title: each for title, each in kept.items() if len(each) == count}
        for title, others in ties(alike).items() if len(alike) > 1 else ():
            said[title] = f"tied with {', '.join(others)}" if others else "certain"
    return said


def rank_notes(name: str, table: Table, sources: Sources) -> dict[str, str]:
    """By the title of a row, how certain the rank of its test PSNR is; each method counts once."""
    first: dict[str, str] = {}
    results: dict[str, list[Result]] = {}
    for row in table.rows:
        found = sources.results(name, table, row, "reconstruction")
        measured = [entry for entry in found if isinstance(entry, Result)]
        if measured:
            title = first.setdefault(measured[0].method, row.title)
            results[title] = measured
    said = certainty(sources.root, results)
    return {title: f"rank by PSNR {text} ({HOW})" for title, text in said.items()}


def is_ranked(column: Column) -> bool:
    """Whether these notes are about a column."""
    return column.metrics == ["psnr"] and column.split == "test"
