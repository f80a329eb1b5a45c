"""One ablation of `config/ablations.yaml`: the same cell with one choice changed at a time.

Every row has the same signals and seeds. PSNR is of training signals held out; no test signal is
read. Finished trainings are read and not made again.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from benchmarks.figures.curves import read_curve
from benchmarks.settings.checking import checked
from benchmarks.settings.folders import CONFIG
from benchmarks.settings.merge import Tree, group, merge, plain, sourced
from benchmarks.settings.names import parse_cell
from benchmarks.settings.reading import ConfigError, Data, read_mapping
from benchmarks.stages.failure import one_line
from benchmarks.stages.trials import Place, Trial, arguments, place_of
from lift.files import replacing

COLUMNS = ("row", "seed", "signals", "seconds", "validation_psnr")


class Changed(Data):
    """A row: what it says, and what it changes."""

    says: str
    field: dict[str, Any] = Field(default_factory=dict)
    fit: dict[str, Any] = Field(default_factory=dict)


class Ablation(Data):
    """A cell, and its rows; ``signals`` are the numbers of signals seen at which PSNR is read."""

    title: str
    cell: str
    seeds: list[int] = Field(min_length=1)
    signals: list[int] = Field(min_length=1)
    all: dict[str, dict[str, Any]] = Field(default_factory=dict)
    rows: dict[str, Changed] = Field(min_length=1)


def load_ablations(path: Path = CONFIG / "ablations.yaml") -> dict[str, Ablation]:
    """Every ablation by its name.

    Raises:
        ConfigError: the file is missing or wrong.
    """
    tree = sourced(read_mapping(path), path.name)
    return {name: checked(Ablation, group(tree, name), str(path), name) for name in tree}


def find_ablation(name: str) -> Ablation:
    """The ablation of this name.

    Raises:
        ConfigError: there is none.
    """
    ablations = load_ablations()
    if name not in ablations:
        raise ConfigError(f"config/ablations.yaml: no {name!r}; it has {', '.join(ablations)}")
    return ablations[name]


def csv_path(results: Path, name: str) -> Path:
    """Where an ablation's numbers are."""
    return results / "ablations" / f"{name}.csv"


def run(name: str, ablation: Ablation, place: Place) -> list[dict[str, Any]]:
    """Trains what is not finished; a line a row, seed and number of signals.

    The file of numbers is written once all of them are there: one that is half new says nothing.

    Raises:
        ConfigError: PSNR is not measured at one of the numbers of signals.
    """
    cell, lines = parse_cell(ablation.cell), []
    for row, changed in ablation.rows.items():
        changes = changes_of(ablation, changed)
        for seed in ablation.seeds:
            method = f"{cell.method}+{name}-{row}"
            trial = Trial(cell.scale, cell.dataset, method, changes, seed)
            trained = trial.finished(place) or trial.train(place)
            path = trained.experiment.directory / "curve.csv"
            curve = validations(path) if trained.result else {}
            for signals in ablation.signals:
                if trained.result and signals not in curve:
                    raise ConfigError(
                        f"{name}: no validation at {signals} signals; there are {list(curve)}"
                    )
                seconds, decibels = curve.get(signals, (None, np.nan))
                found = (row, seed, signals, seconds, decibels)
                lines.append(dict(zip(COLUMNS, found, strict=True)))
    write_lines(csv_path(place.results, name), lines)
    return lines


def changes_of(ablation: Ablation, changed: Changed) -> dict[str, Any]:
    """What a row's trainings change of their cell."""
    own: Tree = sourced({"field": changed.field, "fit": changed.fit}, "row")
    return {
        key: value
        for key, value in plain(merge(sourced(ablation.all, "all"), own)).items()
        if value
    }


def validations(path: Path) -> dict[int, tuple[float | None, float | None]]:
    """Seconds and PSNR of every validation, by the signals seen."""
    return {
        int(row["signals"] or 0): (row["seconds"], row["validation_psnr"])
        for row in read_curve(path)
        if row["validation_psnr"] is not None
    }


def write_lines(path: Path, lines: list[dict[str, Any]]) -> None:
    """All that is measured."""
    with replacing(path) as unfinished, unfinished.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(lines)


def main() -> None:
    """Command line."""
    parser = arguments((__doc__ or "").splitlines()[0])
    parser.add_argument("name", help="an ablation of config/ablations.yaml")
    options = parser.parse_args()
    with one_line("ablate"):
        run(options.name, find_ablation(options.name), place_of(options))


if __name__ == "__main__":
    main()
