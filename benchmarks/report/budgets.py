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
    repeats,
)
from benchmarks.tables.layout import Grid

CURVE = "learning_curve.csv"


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
    found: dict[str, list[Run]] = {}
    for run in runs:
        if (run.folder / CURVE).exists():
            found.setdefault(run.title, []).append(run)
    if len(found) < 2:
        return None
    curves = {
        title: [read_learning_curve(run.folder / CURVE) for run in seeds]
        for title, seeds in found.items()
    }
    cells = {title: (run.scale, run.dataset, run.method) for title, (run, *_) in found.items()}
    table, budgets = compare(curves, {title: latent_floats(*cell) for title, cell in cells.items()})
    spent = {
        "psnr_at_equal_signals": f"{budgets['signals']:,.0f} training signals",
        "psnr_at_equal_seconds": f"{budgets['seconds']:,.0f} s of training",
    }
    best = {column: table.loc[table[column].idxmax()] for column in spent}
    leads = ", ".join(
        f"after {budget} {best[column]['method']} ({best[column][column]:.2f} dB)"
        for column, budget in spent.items()
    )
    sentence = f"Of {len(found)} methods at equal budgets, the highest test PSNR have: {leads}."
    about = measured_on(runs[0].scale, runs[0].dataset)
    often = repeats({title: len(seeds) for title, seeds in found.items()})
    lacking = dict.fromkeys(run.title for run in runs if run.title not in found)
    without = f" Without a curve: {', '.join(lacking)}." if lacking else ""
    return EqualBudgets(f"{sentence} {about} {often}{without}", grid(table, budgets))
