"""Methods at equal budgets, where test PSNR was measured along their trainings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from benchmarks.report.runs import Run
from benchmarks.tables.equal_budgets import (
    compare,
    grid,
    latent_floats,
    measured_on,
    read_learning_curve,
)
from benchmarks.tables.layout import Grid

CURVE = "learning_curve.csv"


class EqualBudgets(NamedTuple):
    """The ranking, and what is to be known of it."""

    sentence: str
    table: Grid


def equal_budgets(runs: Sequence[Run]) -> EqualBudgets | None:
    """The comparison of the methods whose first seed has a curve; None where fewer than two have.

    Args:
        runs: of one data set.

    Raises:
        ConfigError: a curve is damaged, or a cell's settings are wrong.
    """
    found = [run for run in runs if run.seed == runs[0].seed and (run.folder / CURVE).exists()]
    if len(found) < 2:
        return None
    table, budgets = compare(
        {run.title: read_learning_curve(run.folder / CURVE) for run in found},
        {run.title: latent_floats(run.scale, run.dataset, run.method) for run in found},
    )
    spent = {
        "psnr_at_equal_signals": f"{budgets['signals']:,.0f} training signals",
        "psnr_at_equal_seconds": f"{budgets['seconds']:,.0f} s of training",
    }
    best = {column: table.loc[table[column].idxmax()] for column in spent}
    leads = ", ".join(
        f"after {budget} {best[column]['method']} ({best[column][column]:.2f} dB)"
        for column, budget in spent.items()
    )
    about = measured_on(found[0].scale, found[0].dataset)
    sentence = f"Of {len(found)} methods at equal budgets, the highest test PSNR have: {leads}."
    once = "One seed: how much a repeat would move these numbers was not measured."
    return EqualBudgets(f"{sentence} {about} {once}", grid(table, budgets))
