"""The main figures of a scale's cells in one folder, for Snakemake's own report."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from benchmarks.report.runs import Run

FOLDER = "figures"
FIGURES = (
    "curve", "reconstruction", "interpolation", "samples", "denoiser_curve", "classifier_curves",
    "curves", "networks",
)  # fmt: skip
"""Files that stages draw: training curves, sheets of signals, samples."""


def link_figures(root: Path, runs: Iterable[Run]) -> Path:
    """Makes ``root/figures/DATASET/METHOD/FIGURE.png`` anew, links to what the first seeds left."""
    folder = root / FOLDER
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for run in runs:
        for name in FIGURES if not run.seed else ():
            path = run.folder / f"{name}.png"
            link = folder / run.dataset / run.method / path.name
            if path.exists():
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(os.path.relpath(path, link.parent))
    return folder
