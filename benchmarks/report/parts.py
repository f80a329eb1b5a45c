"""The pictures and figures of a data set, a part a task, each with a sentence on what one sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from benchmarks.figures.reconstruction import ERROR_GAIN
from benchmarks.records.confusion import read_confusion
from benchmarks.records.result import Result
from benchmarks.report.charts import classifier_chart, denoiser_chart, learning_chart
from benchmarks.report.confusion import confusion_chart
from benchmarks.report.plot import Chart
from benchmarks.report.ranking import budget_of
from benchmarks.report.runs import Run
from benchmarks.report.sheets import Sheet, embedded
from benchmarks.tables.learning_curves import FILE, curve_result


@dataclass(frozen=True)
class Strip:
    """One method's row or tile of a figure; ``picture`` is what an ``img`` needs."""

    title: str
    detail: str
    alt: str
    picture: dict[str, Any]


@dataclass(frozen=True)
class Figure:
    """Strips below each other, tiles side by side or a chart, and what one sees there."""

    sentence: str
    strips: list[Strip] = field(default_factory=list)
    tiles: list[Strip] = field(default_factory=list)
    chart: Chart | None = None
    folded: str = ""


@dataclass(frozen=True)
class Part:
    """One task on a data set."""

    key: str
    title: str
    figures: list[Figure]


def parts(runs: Sequence[Run], shareable: bool, compared: Sequence[Part] = ()) -> list[Part]:
    """Tasks of a data set that left something to show.

    Args:
        shareable: whether its terms allow pictures of its signals.
        compared: parts on all of its methods, shown before the tasks.
    """
    first = [run for run in runs if run.seed == runs[0].seed]
    reconstruction = _reconstructions(first) if shareable else []
    samples = _samples(first) if shareable else []
    between = _interpolations(first) if shareable else []
    found = [
        Part("budgets", "Equal budgets", _budgets(first)),
        *compared,
        Part("reconstruction", "Reconstruction", reconstruction),
        Part("interpolation", "Interpolation", between),
        Part("generation", "Generation", [*samples, *_denoisers(first)]),
        Part("classification", "Classification", _classifiers(first)),
    ]
    return [part for part in found if part.figures]


def _budgets(runs: Sequence[Run]) -> list[Figure]:
    results = ((run, curve_result(run.folder / "learning_curve.json")) for run in runs)
    measured = [run for run, result in results if isinstance(result, Result)]
    chart = learning_chart(measured, runs, FILE) if len(measured) > 1 else None
    text = (
        "Test PSNR along each training, on the budget that the buttons choose; the summary ranks "
        "the methods at equal budgets."
    )
    return [Figure(text, chart=chart)] if chart else []


def _reconstructions(runs: Sequence[Run]) -> list[Figure]:
    sheets = _sheets(runs, "reconstruction.png")
    if not sheets:
        return []
    scored = [(run, _psnr(run)) for run, _ in sheets]
    values = sorted((p, run.title) for run, p in scored if p is not None)
    spread = ""
    if len(values) > 1:
        spread = (
            f" Over the whole test split {values[-1][1]} comes closest ({values[-1][0]:.2f} dB) "
            f"and {values[0][1]} stays furthest away ({values[0][0]:.2f} dB)."
        )
    of = budget_of([run for run, _ in sheets])
    told = f"original test signals of {runs[0].dataset}"
    strips = [Strip("Original", "", told, embedded(sheets[0][1].cut(0)))]
    strips += [
        _strip(run, sheet.cut(1), "reconstructions of the same signals") for run, sheet in sheets
    ]
    figures = [
        Figure(
            "Test signals, the same in every row: the original, then what each method makes of it "
            f"after {of}.{spread}",
            strips,
        )
    ]
    if all(sheet.rows == 3 for _, sheet in sheets):
        errors = [_strip(run, sheet.cut(2), "errors on the same signals") for run, sheet in sheets]
        text = f"Absolute errors of the rows above, {ERROR_GAIN} times enlarged: black is exact."
        figures.append(Figure(text, errors, folded="Errors"))
    return figures


def _interpolations(runs: Sequence[Run]) -> list[Figure]:
    sheets = _sheets(runs, "interpolation.png")
    if not sheets:
        return []
    first, second = (
        [
            _strip(run, sheet.cut(at * sheet.rows // 2), f"{which} way between two signals")
            for run, sheet in sheets
        ]
        for at, which in enumerate(("first", "second"))
    )
    figures = [
        Figure(
            "Two test signals. Each row starts with one original and ends with the other; between "
            "them the method renders five latents on the straight line from the first to the "
            f"second, after {budget_of([run for run, _ in sheets])}.",
            first,
        ),
        Figure("Another two test signals, at the same budgets.", second),
    ]
    scaled = [(run, sheet) for run, sheet in sheets if sheet.rows > 2]
    if scaled:
        text = (
            "The same ways, where only one scale of the latent moves: all of them together, then "
            "each alone. What a scale holds changes in its row."
        )
        rows = [
            _strip(run, sheet.cut(0, sheet.rows // 2, named=True), "first way, scales moved alone")
            for run, sheet in scaled
        ]
        figures.append(Figure(text, rows, folded="Each scale alone"))
    return figures


def _samples(runs: Sequence[Run]) -> list[Figure]:
    sheets = _sheets(runs, "samples.png")
    if not sheets:
        return []
    strips = [
        _strip(run, sheet.cut(0, min(2, sheet.rows)), "generated signals", "generation")
        for run, sheet in sheets
    ]
    of = budget_of([run for run, _ in sheets], "generation")
    figures = [
        Figure(
            "Signals that each method's diffusion model generated, the first ones and not chosen; "
            f"the models had {of}.",
            strips,
        )
    ]
    near = _sheets(runs, "nearest_training.png")
    rows = [
        _strip(
            run, sheet.cut(0, sheet.rows, named=True), "samples and their nearest training signals"
        )
        for run, sheet in near
    ]
    if rows:
        text = (
            "For each method: samples, below them the nearest training latent as the field "
            "decodes it, below that the training signal itself. Equal rows would mean copying."
        )
        figures.append(Figure(text, rows, folded="Nearest training signals"))
    return figures


def _denoisers(runs: Sequence[Run]) -> list[Figure]:
    chart = denoiser_chart(runs)
    text = "Denoising loss of each diffusion model over its budget, on the training latents."
    return [Figure(text, chart=chart)] if chart else []


def _classifiers(runs: Sequence[Run]) -> list[Figure]:
    chart = classifier_chart(runs)
    if not chart:
        return []
    text = (
        "Training loss of each classifier over its budget, n copies of each signal where the "
        "method trains on several; the ranking above has the top-1 accuracy on test signals."
    )
    return [Figure(text, chart=chart), *filter(None, map(_confusion, runs))]


def _confusion(run: Run) -> Figure | None:
    """How one method's classifier takes classes for each other; None where it left nothing."""
    found = read_confusion(run.folder)
    if not found:
        return None
    text = (
        f"Test signals of {run.dataset} by true class (rows) and predicted one (columns), after "
        f"{budget_of([run], 'classification')}."
    )
    title = f"Confusion matrix of {run.title}{_top1(run)}"
    return Figure(text, chart=confusion_chart(*found), folded=title)


def _sheets(runs: Sequence[Run], name: str) -> list[tuple[Run, Sheet]]:
    return [(run, Sheet(path)) for run in runs if (path := run.folder / name).exists()]


def _strip(run: Run, picture: Image.Image, what: str, stage: str = "fit") -> Strip:
    psnr = _psnr(run) if stage == "fit" else None
    spent = budget_of([run], stage).replace(" of the published training", " of published")
    detail = spent if psnr is None else f"{psnr:.2f} dB, {spent}"
    return Strip(run.title, detail, f"{run.title} on {run.dataset}: {what}", embedded(picture))


def _psnr(run: Run) -> float | None:
    metric = run.metric("reconstruction", "psnr", "test")
    return metric.value if metric else None


def _top1(run: Run) -> str:
    metric = run.metric("classification", "top1", "test")
    return f", {metric.value:.1f} % right" if metric else ""
