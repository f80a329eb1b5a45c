"""The search of training settings as a section of its scale's tables page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
    compared = compared_trials(search, trials)
    headings = [
        "method",
        "before (dB) ↑",
        f"best of {compared} (dB) ↑",
        *SETTINGS.values(),
        "trials",
    ]
    rows = [
        row(method, mine, compared)
        for method in search.methods
        if not (mine := trials[trials["method"] == method]).empty
    ]
    grid = Grid(f"`{search.scale}/{search.dataset}`", headings, rows)
    title = f"One search for all methods, {load_dataset_config(search.dataset).title}"
    yield Section("search", title, about(search, compared), [grid]), trials


def read_trials(path: Path) -> pd.DataFrame:
    """The finished trials of a search.

    Raises:
        ConfigError: the file is missing, or is none of trials.
    """
    words = ("method", *SETTINGS)
    program = "benchmarks.stages.search"
    return read_measured(path, numbers=COLUMNS[1:], words=words, program=program)


def compared_trials(search: Search, trials: pd.DataFrame) -> int:
    """How many trials of each method are compared: all, where two methods have finished them."""
    counts = trials.groupby("method")["trial"].count()
    whole = (counts >= search.trials).sum()
    return search.trials if whole > 1 else int(counts.min())


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
    search: Search, root: Path, scale: str, dataset: str, titles: Mapping[str, str]
) -> str:
    """What is known of the rates of methods in a comparison.

    Args:
        titles: by method.

    Raises:
        ConfigError: the file of trials is none.
    """
    here = (search.scale, search.dataset) == (scale, dataset)
    alike = equally_searched(search, root) if here else set()
    others = [title for method, title in titles.items() if method not in alike]
    if len(others) == len(titles):
        return "Methods' rates do not come from equal searches, which may turn ranks round."
    said = f"Rates are the best of {search.trials} trials, equal ones for every method"
    return f"{said}; not so searched: {', '.join(others)}." if others else f"{said}."


def about(search: Search, compared: int) -> str:
    """What the numbers are of."""
    return (
        f"{search.trials} trials a method, each of {100 * search.part:.0f} % of the scale's steps. "
        "The first is what the scale said before, the others are the same points around every "
        "method's own middle; what diverged is a trial too. PSNR of training signals held out; no "
        f"test signal is read. The best is that of the first {compared}; a method that has not "
        "finished as many has none. `config/search.yaml` has the ranges, the CSV every trial."
    )


def row(method: str, trials: pd.DataFrame, compared: int) -> list[Shown]:
    """One method's: its first trial, its best one, and how many it has."""
    first = trials[trials["trial"] < compared]
    decibels = first["validation_psnr"]
    configured = first.loc[first["trial"] == 0, "validation_psnr"].iloc[0]
    if len(first) < compared:
        nothing = [Shown("not finished"), *(Shown("") for _ in SETTINGS)]
        counted = Shown(str(len(trials)), len(trials))
        return [Shown(find_method(method).title), _decibels(configured), *nothing, counted]
    best = first.loc[decibels.idxmax()] if decibels.notna().any() else first.iloc[0]
    return [
        Shown(find_method(method).title),
        *(_decibels(value) for value in (configured, best["validation_psnr"])),
        *(Shown(_setting(best, name)) for name in SETTINGS),
        Shown(str(len(trials)), len(trials)),
    ]


def _decibels(value: float) -> Shown:
    return Shown("diverged") if pd.isna(value) else Shown(f"{value:.2f}", value)


def _setting(trial: pd.Series, name: str) -> str:
    if trial["trial"] == 0:
        return "as before"
    value = trial[name]
    if pd.isna(value):
        return "none"
    return value if isinstance(value, str) else f"{value:.3g}"
