"""Every result of a scale: when its run ended, how long it took, with which code and where."""

from __future__ import annotations

from collections.abc import Iterable

from benchmarks.records.result import UNKNOWN
from benchmarks.report.runs import Run, duration, spent
from benchmarks.tables.layout import Grid, Shown

HEADINGS = ("cell", "stage", "state", "run on (UTC)", "time", "commit", "machine")


def runs_table(runs: Iterable[Run]) -> Grid:
    """A row a result that is there, in the order in which cells and their stages run."""
    rows = [_row(run, stage) for run in runs for stage in run.ran]
    return Grid("Every result and how it was made", HEADINGS, rows)


def _row(run: Run, stage: str) -> list[Shown]:
    """What a result does not record, or no failed one has, is an en dash."""
    result = run.results.get(stage)
    made = result.provenance if result else None
    signals = "one signal" if run.method == "single_signal" else run.dataset
    first = [
        Shown(f"{signals}, {run.named}"),
        *(_text(text) for text in (stage.replace("_", " "), run.state(stage))),
    ]
    if not result or not made:
        return [*first, *[Shown(UNKNOWN)] * (len(HEADINGS) - len(first))]
    return [
        *first,
        _text(made.run_on),
        Shown(duration(spent(result)), spent(result)),
        _text(made.git_commit or UNKNOWN),
        _text(made.machine),
    ]


def _text(text: str) -> Shown:
    """Sorted by its letters; an en dash stays last."""
    return Shown(text, None if text == UNKNOWN else text)
