"""Ablations as sections of the tables page: `benchmarks.stages.ablate` measures them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from benchmarks.settings.names import parse_cell
from benchmarks.stages.ablate import COLUMNS, Ablation, csv_path
from benchmarks.tables.layout import Grid, Section, Shown
from benchmarks.tables.measured import read_measured

ABOUT = (
    "One choice changed at a time, everything else and the number of signals alike. PSNR of "
    "training signals held out, mean and standard deviation of the seeds; no test signal is read. "
    "`config/ablations.yaml` has the rows."
)


def sections(
    ablations: dict[str, Ablation], root: Path, scale: str
) -> Iterator[tuple[Section, pd.DataFrame]]:
    """Those of the scale's cells that were measured, each with its numbers.

    Raises:
        ConfigError: a file of numbers is none.
    """
    for name, ablation in ablations.items():
        path = csv_path(root, name)
        if parse_cell(ablation.cell).scale == scale and path.exists():
            program = f"benchmarks.stages.ablate {name}"
            measured = read_measured(path, numbers=COLUMNS[1:], words=COLUMNS[:1], program=program)
            grid = Grid(f"`{ablation.cell}`", headings(ablation), list(rows(ablation, measured)))
            yield Section(f"ablation_{name}", ablation.title, ABOUT, [grid]), measured


def headings(ablation: Ablation) -> list[str]:
    """Of the columns."""
    return ["row", *(f"PSNR (dB) after {count:,} signals" for count in ablation.signals), "seeds"]


def rows(ablation: Ablation, measured: pd.DataFrame) -> Iterator[list[Shown]]:
    """A line a row that is measured."""
    for name, changed in ablation.rows.items():
        mine = measured[measured["row"] == name]
        if mine.empty:
            continue
        cells = [_shown(mine[mine["signals"] == count]) for count in ablation.signals]
        seeds = mine["seed"].nunique()
        yield [Shown(changed.says), *cells, Shown(str(seeds), seeds)]


def _shown(found: pd.DataFrame) -> Shown:
    decibels = found["validation_psnr"]
    if decibels.isna().any():
        return Shown(f"diverged in {decibels.isna().sum()} of {len(found)}")
    spread = f" ± {decibels.std():.2f}" if len(found) > 1 else ""
    return Shown(f"{decibels.mean():.2f}{spread}", float(decibels.mean()))
