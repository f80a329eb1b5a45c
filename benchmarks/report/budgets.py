"""Methods at equal budgets, where test PSNR was measured along their trainings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from benchmarks.report.runs import Run
from benchmarks.settings.scale import load_scale
from benchmarks.tables.equal_budgets import FEWEST, compare, grid, measured_on, repeats
from benchmarks.tables.equal_ranks import certain_ranks
from benchmarks.tables.layout import Grid
from benchmarks.tables.learning_curves import gathered


class EqualBudgets(NamedTuple):
    """The ranking, and what is to be known of it."""

    sentence: str
    table: Grid


def equal_budgets(runs: Sequence[Run]) -> EqualBudgets | None:
    """The comparison of the methods that have a curve; None where fewer than two have.

    Args:
        runs: of one data set.

    Raises:
        ConfigError: a curve is damaged, or a cell's settings are wrong.
    """
    scale, dataset = runs[0].scale, runs[0].dataset
    curves = gathered(runs[0].root, load_scale(scale), dataset)
    if len(curves.seeds) < FEWEST:
        return None
    table, budgets = compare(curves.seeds, curves.floats)
    spent = {
        "psnr_at_equal_signals": f"{budgets['signals']:,.0f} training signals",
        "psnr_at_equal_seconds": f"{budgets['seconds']:,.0f} s of training",
    }
    best = {name: table.loc[table[name].idxmax()] for name in spent if table[name].notna().any()}
    leads = ", ".join(
        f"after {spent[name]} {row['method']} ({row[name]:.2f} dB)" for name, row in best.items()
    )
    sentence = (
        f"Of {len(curves.seeds)} methods at equal budgets, the highest test PSNR have: {leads}."
    )
    ranks = certain_ranks(curves.signals, curves.counts, budgets["seconds"])
    said = [sentence, measured_on(scale, dataset), repeats(curves.counts), *ranks]
    said += curves.remarks()
    return EqualBudgets(" ".join(said), grid(table, budgets))
