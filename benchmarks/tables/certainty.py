"""What tables and the report say about how certain a rank by PSNR is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.metrics.certainty import CONFIDENCE, ties
from benchmarks.records.result import Result
from benchmarks.records.signals import read_psnr
from benchmarks.tables.published import Column, Table
from benchmarks.tables.sources import Sources

HOW = f"paired bootstrap over test signals, {100 * CONFIDENCE:.0f} %"


def certainty(root: Path, results: Mapping[str, Sequence[Result]]) -> dict[str, str]:
    """``certain``, or ``tied with X, Y``, for each method by its title.

    Methods are compared where they were measured on the same signals. A method has none where a
    seed keeps no PSNR of each signal, or where no other was measured on the same ones.

    Args:
        results: of reconstructions, a method's seeds together.
    """
    kept: dict[tuple[Any, ...], dict[str, np.ndarray]] = {}
    for title, seeds in results.items():
        found = [(result, read_psnr(root, result)) for result in seeds]
        signals = [each for _, each in found if each is not None]
        chosen = {(*_choice(result), len(each)) for result, each in found if each is not None}
        if len(signals) == len(found) and len(chosen) == 1:
            kept.setdefault(chosen.pop(), {})[title] = np.mean(signals, axis=0)
    said = {}
    for alike in kept.values():
        for title, others in ties(alike).items() if len(alike) > 1 else ():
            said[title] = f"tied with {', '.join(others)}" if others else "certain"
    return said


def _choice(result: Result) -> tuple[Any, Any]:
    """How many test signals were encoded, and of them measured: these numbers say which ones."""
    config = result.provenance.config if result.provenance else {}
    return tuple(config.get(stage, {}).get("test") for stage in ("encode", "evaluate"))


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
    how = how_found([each for title in said for each in results[title]])
    return {title: f"rank by PSNR {text} ({how})" for title, text in said.items()}


def how_found(results: Sequence[Result]) -> str:
    """What a rank rests on: test signals, and not how long methods were trained."""
    spent = {result.budget and result.budget.signals for result in results}
    return f"{HOW}; trained on unequal numbers of signals" if len(spent) > 1 else HOW


def is_ranked(column: Column) -> bool:
    """Whether these notes are about a column."""
    return column.metrics == ["psnr"] and column.split == "test"
