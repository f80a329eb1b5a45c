"""Methods at equal budgets: test PSNR at the same number of training images, and at the same time.

    python -m benchmarks.tables.equal_budgets --scale budget --dataset cifar10

Reads every seed's learning curve and the settings of each method that has one; writes
``comparison.png``, ``.csv`` and ``.md`` beside the methods' folders. The two budgets are the
largest that every training reached; a value between two measurements is interpolated over the
logarithm of the budget. Several seeds: means, and standard deviations of the PSNR.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, LogLocator, NullFormatter

from benchmarks.figures.curves import COLORS, MARKERS
from benchmarks.figures.png import save_png
from benchmarks.settings.dataset import load_dataset_config
from benchmarks.settings.scale import ScaleConfig, find_dataset, load_scale
from benchmarks.stages.experiment import StageError
from benchmarks.stages.failure import one_line
from benchmarks.tables.equal_ranks import certain_ranks
from benchmarks.tables.layout import Grid, Section, Shown
from benchmarks.tables.learning_curves import BUDGETS, Curves, between, gathered
from benchmarks.tables.markdown import pipe, wrapped
from lift.files import replacing

FEWEST = 2
"""Methods of a comparison."""
AXES = {"signals": "training signals seen", "seconds": "training time (s)"}
PSNR = ("psnr_at_equal_seconds", "psnr_at_equal_signals")


def at(curve: pd.DataFrame, axis: str, budget: float) -> float:
    """Test PSNR at a budget, linear in its logarithm between measurements."""
    place = np.log(curve[axis].to_numpy(float))
    return between(np.log(budget), place, curve["test_psnr"].to_numpy(float))


def compare(
    curves: Mapping[str, Sequence[pd.DataFrame]], floats: Mapping[str, int]
) -> tuple[pd.DataFrame, dict[str, float]]:
    """The table of both columns, and the two budgets.

    Args:
        curves: a method's seeds by its title.
        floats: of a signal's latent, by the same titles.
    """
    everything = [curve for seeds in curves.values() for curve in seeds]
    budgets = {axis: min(float(curve[axis].iloc[-1]) for curve in everything) for axis in BUDGETS}
    rows = []
    for title, seeds in curves.items():
        each = pd.DataFrame([_measured(curve, budgets) for curve in seeds])
        row = {"method": title, "latent_floats": floats[title], "seeds": len(seeds)}
        row |= each.mean(skipna=False).to_dict()
        row |= {f"{name}_std": each[name].std(skipna=False) for name in PSNR}
        rows.append(row)
    return pd.DataFrame(rows), budgets


def _measured(curve: pd.DataFrame, budgets: Mapping[str, float]) -> dict[str, float]:
    """What is read off one training's curve."""
    signals, seconds = budgets["signals"], budgets["seconds"]
    seen, spent = (curve[axis].to_numpy(float) for axis in BUDGETS)
    return {
        "psnr_at_equal_signals": at(curve, "signals", signals),
        "psnr_at_equal_seconds": at(curve, "seconds", seconds),
        "signals_in_equal_seconds": between(seconds, spent, seen),
        "seconds_for_equal_signals": between(signals, seen, spent),
        "psnr_at_the_end": float(curve["test_psnr"].iloc[-1]),
        "signals": float(curve["signals"].iloc[-1]),
        "seconds": float(curve["seconds"].iloc[-1]),
    }


def figure(
    curves: Mapping[str, Sequence[pd.DataFrame]], budgets: Mapping[str, float], path: Path
) -> None:
    """A line a training; both panels share the PSNR axis, dashed are the budgets of the table."""
    drawing = Figure(figsize=(7.2, 3.3), layout="constrained")
    panels = drawing.subplots(1, 2, sharey=True)
    for panel, (axis, label) in zip(panels, AXES.items(), strict=True):
        for place, (title, seeds) in enumerate(curves.items()):
            for number, curve in enumerate(seeds):
                panel.plot(
                    curve[axis],
                    curve["test_psnr"],
                    color=COLORS[place % len(COLORS)],
                    marker=MARKERS[place % len(MARKERS)],
                    markersize=3.5,
                    linewidth=1.3,
                    label=None if number else title,
                )
        panel.axvline(budgets[axis], color="0.4", linestyle="--", linewidth=0.8, zorder=0)
        panel.set(xlabel=label, xscale="log")
        panel.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        panel.xaxis.set_major_formatter(EngFormatter(sep=""))
        panel.xaxis.set_minor_formatter(NullFormatter())
        panel.grid(alpha=0.25, linewidth=0.6)
        panel.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylabel("test PSNR (dB)")
    handles, titles = panels[0].get_legend_handles_labels()
    drawing.legend(
        handles, titles, loc="outside upper center", ncols=len(titles), frameon=False, fontsize=9
    )
    save_png(drawing, path)


def grid(table: pd.DataFrame, budgets: Mapping[str, float]) -> Grid:
    """Methods by PSNR after equal time, the best first; what has none there has no rank."""
    headings = [
        "method",
        f"PSNR after {budgets['seconds']:,.0f} s (dB) ↑",
        f"PSNR after {budgets['signals']:,.0f} signals (dB) ↑",
        "latent floats",
        f"signals in {budgets['seconds']:,.0f} s",
    ]
    ordered = table.sort_values(PSNR[0], ascending=False, kind="stable", na_position="last")
    rows = [
        [
            Shown(_ranked(rank, row["method"], row[PSNR[0]]), rank),
            *(
                _shown(row[column], row[f"{column}_std"], best=row[column] == table[column].max())
                for column in PSNR
            ),
            Shown(f"{row['latent_floats']:,}", row["latent_floats"]),
            _counted(row["signals_in_equal_seconds"]),
        ]
        for rank, (_, row) in enumerate(ordered.iterrows(), 1)
    ]
    return Grid("Ranking by test PSNR after equal training time", headings, rows)


def markdown(
    table: pd.DataFrame, budgets: Mapping[str, float], title: str, remarks: Sequence[str]
) -> str:
    """The table for people, and what is to be known of it."""
    parts = [f"# Test PSNR at equal budgets on {title}", pipe(grid(table, budgets))]
    parts += map(wrapped, remarks)
    return "\n\n".join([*parts, "![curves](comparison.png)"]) + "\n"


def measured_on(scale: str, dataset: str) -> str:
    """What all rows share."""
    count = find_dataset(load_scale(scale), dataset).evaluate.test
    signals = f"{count:,}" if count else "all"
    return (
        f"PSNR of {signals} test signals along each training. A PSNR at another number of latent "
        "floats compares nothing by itself."
    )


def repeats(seeds: Mapping[str, int]) -> str:
    """How often each method was trained.

    Args:
        seeds: by the method's title.
    """
    counts = set(seeds.values())
    if counts == {1}:
        return "One seed: how much a repeat would move these numbers was not measured."
    many = ", ".join(f"{title} {count}" for title, count in seeds.items())
    said = f"{counts.pop()} seeds each" if len(counts) == 1 else f"Seeds: {many}"
    return f"{said}; ± is their standard deviation."


def about(scale: str, dataset: str, seeds: Mapping[str, int]) -> str:
    """The same, where it stands alone."""
    return (
        f"Scale `{scale}`, {load_dataset_config(dataset).title}: {measured_on(scale, dataset)} "
        f"{repeats(seeds)}"
    )


def _counted(signals: float) -> Shown:
    return Shown("not measured") if np.isnan(signals) else Shown(f"{signals:,.0f}", signals)


def _ranked(rank: int, title: str, decibels: float) -> str:
    return title if np.isnan(decibels) else f"{rank}. {title}"


def _shown(decibels: float, spread: float, *, best: bool) -> Shown:
    """Two digits; a budget before the first measurement or after the last has no number."""
    if np.isnan(decibels):
        return Shown("not measured")
    text = f"{decibels:.2f}" if np.isnan(spread) else f"{decibels:.2f} ± {spread:.2f}"
    return Shown(text, decibels, best=best)


def sections(root: Path, scale_config: ScaleConfig) -> Iterator[Section]:
    """For the tables page: every data set on which two methods or more have a curve.

    Raises:
        ConfigError: a curve is damaged, or a cell's settings are wrong.
    """
    for dataset in scale_config.datasets:
        curves = gathered(root, scale_config, dataset)
        if len(curves.seeds) < FEWEST:
            continue
        name = load_dataset_config(dataset).title
        table, budgets = compare(curves.seeds, curves.floats)
        said = " ".join(remarks(scale_config.scale, dataset, curves, budgets))
        shown = grid(table, budgets)
        yield Section(f"equal_budgets_{dataset}", f"Equal budgets, {name}", said, [shown])


def remarks(scale: str, dataset: str, curves: Curves, budgets: Mapping[str, float]) -> list[str]:
    """What is to be known of a comparison."""
    ranks = certain_ranks(curves.signals, curves.counts, budgets["seconds"])
    return [about(scale, dataset, curves.counts), *ranks, *curves.remarks()]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--scale", default="budget", help="config/scales/SCALE.yaml")
    parser.add_argument("--dataset", default="cifar10")
    parser.add_argument("--root", type=Path, default=Path("results"))
    options = parser.parse_args()
    with one_line("comparison"):
        folder = options.root / options.scale / options.dataset
        curves = gathered(options.root, load_scale(options.scale), options.dataset)
        if len(curves.seeds) < FEWEST:
            raise StageError(
                f"{folder}: {len(curves.seeds)} methods with a learning curve, expected two or "
                "more; run the stage learning_curve"
            )
        table, budgets = compare(curves.seeds, curves.floats)
        said = remarks(options.scale, options.dataset, curves, budgets)
        figure(curves.seeds, budgets, folder / "comparison.png")
        with replacing(folder / "comparison.csv") as unfinished:
            table.to_csv(unfinished, index=False)
        with replacing(folder / "comparison.md") as unfinished:
            unfinished.write_text(markdown(table, budgets, options.dataset, said), encoding="utf-8")


if __name__ == "__main__":
    main()
