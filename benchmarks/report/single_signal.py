"""What the comparisons on one signal left to see, a part a task."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.report.parts import Figure, Part, Strip
from benchmarks.report.runs import Run
from benchmarks.report.sheets import embedded_file

FIGURES = {
    "pictures.png": (
        "The target and what each network made of it, with the PSNR of the whole image",
        "steps",
    ),
    "curves.png": ("PSNR of every network over its steps, at its best rate", "steps"),
    "frequency_factors.png": (
        "The search over the factor of each network's frequencies",
        "search_steps",
    ),
}
"""File -> what it shows, and the setting that says after how many steps."""


def single_signal(runs: Sequence[Run]) -> list[Part]:
    """A part for each task on one signal."""
    found = []
    for run in runs:
        figures = [
            Figure(
                f"{text}{_steps(run, setting)}.",
                [Strip("", "", f"{text}: {run.title}", embedded_file(path))],
            )
            for name, (text, setting) in FIGURES.items()
            if (path := run.folder / name).exists()
        ]
        found.append(Part(run.dataset, run.title, figures))
    bias = runs[0].folder.parents[2] / "spectral_bias/spectral_bias.png" if runs else None
    if bias and bias.exists():
        text = "Relative error of each frequency of a signal over the steps: darker is wrong."
        strip = Strip("", "", text, embedded_file(bias))
        found.append(Part("spectral_bias", "Spectral bias", [Figure(text, [strip])]))
    return [part for part in found if part.figures]


def _steps(run: Run, setting: str) -> str:
    """The budget of a comparison on one signal, as its result records it."""
    result = run.results.get("single_signal")
    config = result.provenance.config if result and result.provenance else {}
    sizes = config.get("scales", {}).get(run.scale, {})
    steps = sizes.get("tasks", {}).get(run.dataset, {}).get(setting) or sizes.get(setting)
    return f", after {steps:,} steps" if steps else ""
