"""The search of training settings as a section of its scale's tables page."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import pandas as pd

from benchmarks.settings.dataset import load_dataset_config
from benchmarks.settings.method import find_method
from benchmarks.stages.search import COLUMNS, Search, csv_path
from benchmarks.tables.layout import Grid, Section, Shown
from benchmarks.tables.measured import read_measured

SETTINGS = {
    "fit.rate": "its outer rate",
    "fit.muon_rate": "its Muon",
    "field.inner_rates.start": "its inner rates",
}


def sections(search: Search, root: Path, scale: str) -> Iterator[tuple[Section, pd.DataFrame]]:
    """The search, with its trials, where it is of this scale and has begun.

    Raises:
        ConfigError: the file of trials is none.
    """
    path = csv_path(root, search)
    if search.scale != scale or not path.exists():
        return
    trials = read_trials(path)
    headings = [
        "method",
        "before (dB) ↑",
        f"best of {search.trials} (dB) ↑",
        *SETTINGS.values(),
        "trials",
    ]
    rows = [
        row(method, mine, search.trials)
        for method in search.methods
        if not (mine := trials[trials["method"] == method]).empty
    ]
    grid = Grid(f"`{search.scale}/{search.dataset}`", headings, rows)
    title = f"One search for all methods, {load_dataset_config(search.dataset).title}"
    yield Section("search", title, about(search), [grid]), trials


def read_trials(path: Path) -> pd.DataFrame:
    """The finished trials of a search.

    Raises:
        ConfigError: the file is missing, or is none of trials.
    """
    words = ("method", *SETTINGS)
    program = "benchmarks.stages.search"
    return read_measured(path, numbers=COLUMNS[1:], words=words, program=program)


def equally_searched(search: Search, root: Path) -> set[str]:
    """The methods that have finished all trials.

    Raises:
        ConfigError: the file of trials is none.
    """
    path = csv_path(root, search)
    if not path.exists():
        return set()
    counts = read_trials(path)["method"].value_counts()
    return {str(method) for method, count in counts.items() if count >= search.trials}


def rates_of(
    search: Search,
    root: Path,
    scale: str,
    dataset: str,
    titles: Mapping[str, str],
    changed: Collection[str] = (),
) -> str:
    """What is known of the rates of methods in a comparison.

    Args:
        titles: by method.
        changed: titles of those that were trained with other settings than configured.

    Raises:
        ConfigError: the file of trials is none.
    """
    here = (search.scale, search.dataset) == (scale, dataset)
    alike = equally_searched(search, root) if here else set()
    others = [title for method, title in titles.items() if method not in alike or title in changed]
    if len(others) == len(titles):
        return "Methods' rates do not come from equal searches, which may turn ranks round."
    said = f"Rates are the best of {search.trials} trials, equal ones for every method"
    return f"{said}; not so searched: {', '.join(others)}." if others else f"{said}."


def about(search: Search) -> str:
    """What the numbers are of."""
    return (
        f"{search.trials} trials a method, each of {100 * search.part:.0f} % of the scale's steps. "
        "The first is what the scale said before, the others are the same points around every "
        "method's own middle; what diverged is a trial too. PSNR of training signals held out; no "
        "test signal is read. A method that has not finished its trials has no best. "
        "`config/search.yaml` has the ranges, the CSV every trial."
    )


def row(method: str, trials: pd.DataFrame, wanted: int) -> list[Shown]:
    """One method's: its first trial, its best one once all are finished, and how many it has."""
    decibels = trials["validation_psnr"]
    before = trials.loc[trials["trial"] == 0, "validation_psnr"].iloc[0]
    best = trials.loc[decibels.idxmax()] if decibels.notna().any() else trials.iloc[0]
    found = [_decibels(best["validation_psnr"]), *(Shown(_setting(best, s)) for s in SETTINGS)]
    if len(trials) < wanted:
        found = [Shown("not finished"), *(Shown("") for _ in SETTINGS)]
    count = Shown(str(len(trials)), len(trials))
    return [Shown(find_method(method).title), _decibels(before), *found, count]


def _decibels(value: float) -> Shown:
    return Shown("diverged") if pd.isna(value) else Shown(f"{value:.2f}", value)


def _setting(trial: pd.Series, name: str) -> str:
    if trial["trial"] == 0:
        return "as before"
    value = trial[name]
    if pd.isna(value):
        return "none"
    return value if isinstance(value, str) else f"{value:.3g}"
