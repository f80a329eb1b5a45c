"""One search of training settings for every method: equally many trials.

A trial is a share of the method's own steps in its scale, the same for all, and is chosen by
training images held out. The first one is what the scale says before the search, the others are
drawn. Finished trials are read and not trained again.
"""

from __future__ import annotations

import csv
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import BeforeValidator, Field, PositiveFloat
from scipy.stats import loguniform
from sklearn.model_selection import ParameterSampler

from benchmarks.records.result import Result
from benchmarks.settings.cell import resolve
from benchmarks.settings.checking import checked
from benchmarks.settings.folders import CONFIG
from benchmarks.settings.merge import sourced
from benchmarks.settings.reading import Data, read_mapping
from benchmarks.settings.trial import NAME, changes_of
from benchmarks.stages.failure import one_line
from benchmarks.stages.trials import Place, Trial, arguments, place_of
from lift.files import replacing

Range = Annotated[tuple[PositiveFloat, PositiveFloat], BeforeValidator(tuple)]
SEARCH = CONFIG / "search.yaml"
COLUMNS = ("method", "trial", "signals", "seconds", "validation_psnr")


class Middles(Data):
    """The step sizes that suit a method, about; inner rates alike, or one a latent by its name."""

    inner_rates: PositiveFloat | dict[str, PositiveFloat]
    muon_rate: PositiveFloat | None = Field(default=None, description="none without its matrices")


class Around(Data):
    """Factors of a method's middles; every second trial that is drawn has no Muon."""

    inner_rates: Range
    muon_rate: Range


class Search(Data):
    """What is drawn, and how much each trial may spend; ``name`` is its file's."""

    name: str = Field(default=SEARCH.stem, pattern=rf"^{NAME}$")
    scale: str
    dataset: str
    trials: int = Field(ge=1)
    part: float = Field(gt=0, le=1)
    seed: int = Field(ge=0)
    ranges: dict[str, Range]
    around: Around
    methods: dict[str, Middles]


def drawn(search: Search, method: str) -> Iterator[dict[str, Any]]:
    """The settings of a method's trials, by key; the first changes nothing.

    Every method's trials are the same points of the ranges.
    """
    yield {}
    middles, bounds = search.methods[method], {**search.ranges, **dict(search.around)}
    ranges = {name: loguniform(*bounds[name]) for name in sorted(bounds)}
    points = ParameterSampler(ranges, search.trials - 1, random_state=search.seed)
    for number, point in enumerate(points):
        factor, muon = point.pop("inner_rates"), point.pop("muon_rate")
        start, middle = middles.inner_rates, None if number % 2 else middles.muon_rate
        scaled = (
            {name: rounded(factor * rate) for name, rate in start.items()}
            if isinstance(start, dict)
            else rounded(factor * start)
        )
        yield {
            **{name: rounded(value) for name, value in point.items()},
            "field.inner_rates.start": scaled,
            "fit.muon_rate": middle and rounded(muon * middle),
        }


def rounded(value: float) -> float:
    """To three digits, as configuration would say it."""
    return float(f"{value:.3g}")


def changes(
    settings: dict[str, Any], inner_steps: int, steps: int, *, bounded: bool
) -> dict[str, Any]:
    """A trial's changes of its cell, in groups.

    Args:
        bounded: whether the cell says of bounds that inner rates are brought back into, which
            logarithms have not.
    """
    found = changes_of([f"{name}={json.dumps(value)}" for name, value in settings.items()])
    if start := found.get("field", {}).get("inner_rates"):
        start.update(
            between=None, learned="coordinate", steps=inner_steps, logarithm=True, scale=1.0
        )
        start.update({"bounds": None} if bounded else {})
    short = {"steps": steps, "validate_every": steps, "snapshots": False}
    return {**found, "fit": {**found.get("fit", {}), **short}}


def trials(search: Search, results: Path) -> dict[tuple[int, str], tuple[dict[str, Any], Trial]]:
    """Every trial's settings, and the trial, in their order: all first trials, all second ones.

    Raises:
        ConfigError: a method is no cell of the scale.
    """
    found = {}
    drawings = {method: list(drawn(search, method)) for method in search.methods}
    for number, method in itertools.product(range(search.trials), search.methods):
        training = resolve(search.scale, search.dataset, method, 0, results).training
        settings = drawings[method][number]
        changed = changes(
            settings,
            training.fit.inner_steps,
            max(1, round(search.part * training.fit.steps)),
            bounded="bounds" in training.settings["inner_rates"],
        )
        name = f"{method}+{search.name}{number}"
        trial = Trial(search.scale, search.dataset, name, changed, seed=0)
        found[number, method] = settings, trial
    return found


def run(search: Search, place: Place) -> list[dict[str, Any]]:
    """Trains every trial that is not finished; a row each, kept in a CSV as they come."""
    everything = trials(search, place.results)
    # The first trials stay what they were when the scale takes over what the search has found.
    searched = {*search.ranges, "fit.muon_rate", "field.inner_rates"}
    done = {
        (number, method): trial.finished(place, apart=() if number else searched)
        for (number, method), (_, trial) in everything.items()
    }

    def rows() -> list[dict[str, Any]]:
        return [
            {**outcome(trained.result, method, number), **everything[number, method][0]}
            for (number, method), trained in done.items()
            if trained
        ]

    for key, (_, trial) in everything.items():
        if done[key] is None:
            done[key] = trial.train(place)
            write_rows(csv_path(place.results, search), rows(), search)
    write_rows(csv_path(place.results, search), rows(), search)
    return rows()


def csv_path(results: Path, search: Search) -> Path:
    """Where a search's trials are."""
    return results / search.scale / search.dataset / f"{search.name}.csv"


def outcome(result: Result | None, method: str, number: int) -> dict[str, Any]:
    """A trial's row; NaN where it diverged."""
    found = {m.name: m.value for m in result.metrics} if result else {}
    return {
        "method": method,
        "trial": number,
        "signals": result.budget.signals if result and result.budget else None,
        "seconds": found.get("training_seconds"),
        "validation_psnr": found.get("psnr", np.nan),
    }


def write_rows(path: Path, rows: list[dict[str, Any]], search: Search) -> None:
    """All trials so far."""
    settings = [*sorted(search.ranges), "field.inner_rates.start", "fit.muon_rate"]
    with replacing(path) as unfinished, unfinished.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [*COLUMNS, *settings])
        writer.writeheader()
        writer.writerows({key: _written(value) for key, value in row.items()} for row in rows)


def _written(value: object) -> object:
    return json.dumps(value) if isinstance(value, dict) else value


def load_search(path: Path = SEARCH) -> Search:
    """Reads a search.

    Raises:
        ConfigError: the file is missing or wrong.
    """
    named = {**read_mapping(path), "name": path.stem}
    return checked(Search, sourced(named, path.name), str(path), "search")


def main() -> None:
    """Command line."""
    parser = arguments((__doc__ or "").splitlines()[0])
    parser.add_argument("--search", type=Path, default=SEARCH)
    options = parser.parse_args()
    with one_line("search"):
        rows = run(load_search(options.search), place_of(options))
        for method in dict.fromkeys(row["method"] for row in rows):
            best = max(
                (row for row in rows if row["method"] == method),
                key=lambda row: np.nan_to_num(row["validation_psnr"], nan=-np.inf),
            )
            print(f"{method}: trial {best['trial']}, {best['validation_psnr']:.2f} dB")


if __name__ == "__main__":
    main()
