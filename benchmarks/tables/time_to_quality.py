"""Seconds and training signals until each method's field first reached a PSNR, from its curves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import NamedTuple

import pandas as pd

from benchmarks.figures.curves import CurveError, read_curve
from benchmarks.records.result import Provenance, ResultError, read_result, result_path
from benchmarks.settings.scale import ScaleConfig
from benchmarks.tables.configured import changed
from benchmarks.tables.crossing import Crossing, crossing
from benchmarks.tables.layout import Footnotes, Grid, Section, Shown
from benchmarks.tables.step_times import OWN, step_times
from benchmarks.tables.titles import title_of
from lift.progress import Row

AXES = {"seconds": "seconds of training", "signals": "training signals"}
LEGEND = (
    "The budget at which a field's PSNR first reached a level, interpolated between measurements. "
    "By the validation PSNR; before the first validation, and where there is none, by the PSNR of "
    "training signals as they are seen, a mean over the steps since the last row of the curve. "
    "Several seeds: mean ± standard deviation."
)
SEEN = "by the PSNR of training signals as they are seen"
IN_PART = "at the points that their latents were fitted on, one in every block of the grid"
SOONER = "at the first measurement already: that, or sooner"


@dataclass(frozen=True)
class Reached:
    """One method and one level on a data set: a crossing a seed.

    None where the level was not reached, or the training failed. ``changed`` says how the settings
    of trainings differ from the configured ones; ``machines`` and ``devices`` are those that they
    ran on; ``in_part``: training signals were seen at a part of their points. ``wanted`` is how
    many seeds the scale has.
    """

    dataset: str
    title: str
    level: float
    seeds: Sequence[Crossing | None]
    changed: str = ""
    machines: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    in_part: bool = False
    wanted: int = 1

    @property
    def crossings(self) -> list[Crossing]:
        """Those that there are."""
        return [found for found in self.seeds if found]

    def average(self, axis: str) -> tuple[float, float | None] | None:
        """Mean, and deviation of several; None where a seed did not reach the level."""
        values = [getattr(found, axis) for found in self.crossings]
        if not values or len(values) < len(self.seeds):
            return None
        return mean(values), stdev(values) if len(values) > 1 else None


def reached(root: Path, scale_config: ScaleConfig) -> list[Reached]:
    """Every level of every method of which a training finished, in the scale's order."""
    found = []
    for dataset, data in scale_config.datasets.items():
        timed = step_times(root, scale_config, dataset)
        for method in data.methods:
            each = timed.seconds[method] if timed else None
            folders = [
                result_path(root, scale_config.scale, dataset, method, seed, "fit").parent
                for seed in scale_config.seeds
            ]
            fits = [fit for folder in folders if (fit := _fit(folder, root, each)) is not None]
            said = "; ".join(dict.fromkeys(fit.changed for fit in fits if fit.changed))
            made = [fit.made for fit in fits if fit.made]
            machines = tuple(dict.fromkeys(own.machine for own in made))
            title = title_of(method)
            found += [
                Reached(
                    dataset,
                    title,
                    level,
                    seeds=[crossing(fit.rows, level) for fit in fits],
                    wanted=len(scale_config.seeds),
                    changed=said,
                    machines=() if timed else machines,
                    devices=tuple(dict.fromkeys(own.device for own in made)),
                    in_part=any(own.stride > 1 for own in made),
                )
                for level in (data.quality if any(fit.rows for fit in fits) else ())
            ]
    return found


class _Fit(NamedTuple):
    """A training's curve, which reaches no level where it failed, how its settings differ from the
    configured ones, and how it was made."""

    rows: list[Row]
    changed: str = ""
    made: Provenance | None = None


def _fit(folder: Path, root: Path, each: float | None) -> _Fit | None:
    """None without a readable curve; its seconds are ``each`` a signal where they are given."""
    try:
        result = read_result(folder / "fit.json")
        if result.status == "failed":
            return _Fit([])
        rows = read_curve(folder / "curve.csv")
        if each:
            rows = [{**row, "seconds": each * (row["signals"] or 0)} for row in rows]
        return _Fit(rows, changed(result, root), result.provenance)
    except (ResultError, CurveError):
        return None


def section(root: Path, scale_config: ScaleConfig, found: Sequence[Reached]) -> Section:
    """For each data set a grid of seconds and one of signals, a column a level."""
    footnotes = Footnotes()
    datasets = dict.fromkeys(entry.dataset for entry in found)
    grids = [
        grid
        for dataset in datasets
        for grid in _grids(dataset, [e for e in found if e.dataset == dataset], footnotes)
    ]
    there = {(entry.dataset, entry.title) for entry in found}
    lacking = [
        f"{dataset}: {', '.join(titles)}"
        for dataset, data in scale_config.datasets.items()
        if (titles := [t for t in map(title_of, data.methods) if (dataset, t) not in there])
    ]
    remarks = [f"No finished training in scale `{scale_config.scale}` on {'; on '.join(lacking)}."]
    about = " ".join([LEGEND, *_seconds(root, scale_config, found)])
    title = "Time to quality"
    return Section(
        "time_to_quality", title, about, grids, footnotes.lines(), remarks if lacking else []
    )


def _seconds(root: Path, scale_config: ScaleConfig, found: Sequence[Reached]) -> Iterator[str]:
    """Where the seconds of data sets come from."""
    datasets = dict.fromkeys(entry.dataset for entry in found)
    timed = {name: how for name in datasets if (how := step_times(root, scale_config, name))}
    for name, how in timed.items():
        yield f"{name}: {how.about}"
        devices: dict[str, dict[str, None]] = {}
        for entry in found:
            for device in entry.devices if entry.dataset == name else ():
                devices.setdefault(device, {})[entry.title] = None
        yield from how.elsewhere(devices)
    if set(datasets) - timed.keys():
        yield OWN
        if machines := dict.fromkeys(name for entry in found for name in entry.machines):
            yield f"**Machine**: {'; '.join(machines)}."


def _grids(dataset: str, found: Sequence[Reached], footnotes: Footnotes) -> Iterator[Grid]:
    levels = list(dict.fromkeys(entry.level for entry in found))
    place = {(entry.title, entry.level): entry for entry in found}
    ran = {entry.title: "; ".join(entry.machines) for entry in found}
    unlike = len({machine for machine in ran.values() if machine}) > 1
    for axis, name in AXES.items():
        noted = axis == "seconds" and unlike
        rows = [
            [
                Shown(title, None, footnotes.number(machine if noted else "")),
                *(_shown(place[title, level], axis, footnotes) for level in levels),
            ]
            for title, machine in ran.items()
        ]
        headings = ["method", *(f"{level:g} dB" for level in levels)]
        yield Grid(f"{dataset}, {name}", headings, rows)


def _shown(entry: Reached, axis: str, footnotes: Footnotes) -> Shown:
    average = entry.average(axis)
    if average is None:
        some = f"{len(entry.crossings)} of {len(entry.seeds)} seeds reached it"
        said = [*([some] if entry.crossings else []), *_notes(entry)]
        return Shown("not reached", None, footnotes.number("; ".join(said)))
    notes = _notes(entry)
    if any(c.measured == "train_psnr" for c in entry.crossings):
        notes.append(f"{SEEN}, {IN_PART}" if entry.in_part else SEEN)
    notes += [SOONER] if any(c.sooner for c in entry.crossings) else []
    value, spread = average
    text = f"{value:,.0f}" + (f" ± {spread:,.0f}" if spread is not None else "")
    return Shown(text, value, footnotes.number("; ".join(notes)))


def _notes(entry: Reached) -> list[str]:
    """How many of the seeds there are, if not all, and how their settings differ."""
    some = f"{len(entry.seeds)} of {entry.wanted} seeds"
    return [
        *([some] if len(entry.seeds) < entry.wanted else []),
        *([entry.changed] if entry.changed else []),
    ]


def frame(found: Sequence[Reached]) -> pd.DataFrame:
    """One line a method and level, with empty budgets where a seed did not reach it."""
    lines = []
    for entry in found:
        averages = {axis: entry.average(axis) or (None, None) for axis in AXES}
        lines.append(
            {
                "dataset": entry.dataset,
                "method": entry.title,
                "psnr": entry.level,
                "seeds": len(entry.seeds),
                "seeds_reached": len(entry.crossings),
                **{axis: value for axis, (value, _) in averages.items()},
                **{f"{axis}_std": spread for axis, (_, spread) in averages.items()},
                "measured": "; ".join(sorted({found.measured for found in entry.crossings})),
                "or_sooner": any(found.sooner for found in entry.crossings),
            }
        )
    columns = [
        *("dataset", "method", "psnr", "seeds", "seeds_reached"),
        *AXES,
        *(f"{axis}_std" for axis in AXES),
        *("measured", "or_sooner"),
    ]
    return pd.DataFrame(lines, columns=columns)
