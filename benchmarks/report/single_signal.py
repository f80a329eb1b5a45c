"""What the comparisons on one signal left to see, a part a task."""

from __future__ import annotations

import re
from collections.abc import Sequence

from benchmarks.records.result import Result
from benchmarks.report.networks import (
    curves_chart,
    factors_chart,
    networks,
    spectral_chart,
    which,
)
from benchmarks.report.parts import Figure, Part, Strip
from benchmarks.report.runs import Run
from benchmarks.report.sheets import Sheet, embedded
from benchmarks.stages.single_signal.recorded import sizes

PICTURES = "networks.png"
GIVEN = {
    "denoising": "a noisy image",
    "super_resolution": "means of 4 x 4 pixels",
    "inpainting": "a quarter of the pixels, the others grey",
}
"""What the networks were given, where that is not the target."""


def single_signal(runs: Sequence[Run]) -> list[Part]:
    """A part for each task on one signal.

    Raises:
        CurveError: a curve cannot be read.
        SheetError: a picture cannot be read.
    """
    found = [Part(run.dataset, run.title, _task(run)) for run in runs]
    folder = runs[0].folder.parents[2] / "spectral_bias" if runs else None
    bias = spectral_chart(folder) if folder else None
    if bias:
        text = (
            "Relative error of each frequency of a sum of sines over the steps: the stronger the "
            "colour, the more of it is wrong."
        )
        found.append(Part("spectral_bias", "Spectral bias", [Figure(text, chart=bias)]))
    return [part for part in found if part.figures]


def _task(run: Run) -> list[Figure]:
    result = run.results.get("single_signal")
    if not result or result.status == "failed":
        return []
    curves, factors = curves_chart(result, run.folder), factors_chart(result)
    figures = _pictures(run, result)
    if curves:
        text = "PSNR of every network over its steps, by the optimiser that its search prefers"
        figures.append(Figure(f"{text}{_steps(result, 'steps')}.", chart=curves))
    if factors:
        text = (
            "The search over the factor of each network's first frequencies: a steep line is a "
            "network that depends on the choice"
        )
        figures.append(Figure(f"{text}{_steps(result, 'search_steps')}.", chart=factors))
    return figures


def _pictures(run: Run, result: Result) -> list[Figure]:
    """The target, what the networks were given, and what each made of it, side by side."""
    path, titles = run.folder / PICTURES, networks(result)
    if not path.exists() or not titles:
        return []
    sheet = Sheet(path)
    given = GIVEN.get(run.dataset, "")
    first = [("Target", "", "the target"), *([("Given", _given(result), given)] if given else [])]
    columns = [
        *first,
        *(
            (title, _decibels(result, method, sheet.rows), f"what {title} made of it")
            for method, title in titles.items()
        ),
    ]
    tiles = [
        Strip(title, detail, f"{run.title}: {told}", embedded(sheet.cut_column(place)))
        for place, (title, detail, told) in enumerate(columns[: sheet.columns])
    ]
    text = "The middle of the target"
    text += f", of what the networks were given ({given})" if given else ""
    text += " and of what each network made of it, with the PSNR of the whole image"
    return [Figure(f"{text}{_steps(result, 'steps')}.", tiles=tiles)]


def _given(result: Result) -> str:
    psnr = result.value("observed_psnr")
    return "" if psnr is None else f"{psnr:.1f} dB"


def _decibels(result: Result, method: str, rows: int) -> str:
    """The PSNR of each image that is shown, by the optimiser that made the picture."""
    name = f"{method}_psnr" + ("_muon" if which(result, method) == "muon" else "")
    each = [m for m in result.metrics if re.fullmatch(rf"{name}_(?!muon|deviation).+", m.name)]
    found = each[:rows] or [m for m in result.metrics if m.name == name]
    return " and ".join(f"{m.value:.1f}" for m in found if m.value is not None) + " dB"


def _steps(result: Result, setting: str) -> str:
    steps = sizes(result).get(setting)
    return f", after {steps:,} steps" if steps else ""
