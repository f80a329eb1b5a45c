"""The main figures of a scale's cells in one folder, for Snakemake's own report."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from benchmarks.report.ranking import budget_of
from benchmarks.report.runs import Run
from benchmarks.stages.single_signal.recorded import sizes

FOLDER = "figures"
FIGURES = {
    "curve": "fit",
    "reconstruction": "fit",
    "interpolation": "fit",
    "samples": "generation",
    "denoiser_curve": "generation",
    "classifier_curves": "classification",
    "curves": "single_signal",
    "networks": "single_signal",
}
"""Files that stages draw, and the stage whose training they show."""


def link_figures(root: Path, runs: Iterable[Run]) -> Path:
    """Makes ``root/figures/DATASET/METHOD/BUDGET/FIGURE.png`` anew, links to first seeds' files.

    The budget, in words, is a label in Snakemake's report.
    """
    folder = root / FOLDER
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    known = list(runs)
    first = min((run.seed for run in known), default=0)
    for run in known:
        for name, stage in FIGURES.items() if run.seed == first else ():
            path = run.folder / f"{name}.png"
            link = folder / run.dataset / run.method / _spent(run, stage) / path.name
            if path.exists():
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(os.path.relpath(path, link.parent))
    return folder


def _spent(run: Run, stage: str) -> str:
    """``4,000 steps, 128,000 training signals``."""
    alone = run.results.get("single_signal")
    if alone and (steps := sizes(alone).get("steps")):
        return f"{steps:,} steps"
    return budget_of([run], stage).partition(" (")[0]
