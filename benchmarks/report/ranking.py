"""Who is how good on a data set: one table of the quantities that the stages measured."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from benchmarks.records.result import Result
from benchmarks.records.signals import FILES
from benchmarks.report.runs import Run, duration
from benchmarks.tables.about import percent
from benchmarks.tables.certainty import HOW, certainty
from benchmarks.tables.configured import changed, sentences
from benchmarks.tables.equal_budgets import repeats
from benchmarks.tables.layout import Grid, Shown, number


@dataclass(frozen=True)
class Quantity:
    """A metric of one stage, by a pattern of its name; ``higher`` is better, None ranks nobody.

    ``heading`` has a place for the pattern's group, or for the whole name where it has none.
    """

    stage: str
    pattern: str
    split: str
    heading: str
    digits: str
    higher: bool | None


RANKED_BY = Quantity("reconstruction", "psnr", "test", "PSNR, test (dB) ↑", ".2f", True)
LATENT = Quantity("reconstruction", "latent_floats", "none", "latent floats", ".0f", None)
QUANTITIES = (
    RANKED_BY,
    LATENT,
    Quantity("reconstruction", "iou", "test", "IoU, test ↑", ".3f", True),
    Quantity("reconstruction", r"rfid|rfd_\w+", "test", "{} ↓", ".1f", False),
    Quantity("generation", r"fid|fd_\w+", "generated", "{} ↓", ".1f", False),
    Quantity("generation", "coverage", "generated", "coverage ↑", ".3f", True),
    Quantity("generation", "mmd", "generated", "MMD ↓", ".4f", False),
    Quantity("classification", "top1", "test", "top-1 (%) ↑", ".1f", True),
    Quantity("classification", r"top1_copies(\d+)", "test", "top-1, n = {} (%) ↑", ".1f", True),
)

STEPS = {
    "fit": ("training", "fit", "steps"),
    "generation": ("generation", "settings", "train", "steps"),
    "classification": ("classification", "training", "steps"),
}
"""Where a stage's result records how many steps its training took."""


def ranking(runs: Sequence[Run]) -> Grid | None:
    """Methods by PSNR, the best first; a quantity that nobody has gets no column.

    Several seeds: mean ± standard deviation, and of how many where some have no number. None where
    nothing was measured.

    Args:
        runs: all of one data set.
    """
    by_method: dict[str, list[Run]] = {}
    for run in runs:
        by_method.setdefault(run.title, []).append(run)
    columns = [named for quantity in QUANTITIES for named in _named(runs, quantity)]
    if not columns:
        return None
    values = {
        title: {quantity: found for quantity in columns if (found := _values(own, quantity))}
        for title, own in by_method.items()
    }
    key = columns[0]
    best = {
        quantity: (max if quantity.higher else min)(
            mean(found[quantity]) for found in values.values() if quantity in found
        )
        for quantity in columns
        if quantity.higher is not None
    }

    def place(title: str) -> float:
        found = values[title].get(key)
        return (-1 if key.higher else 1) * mean(found) if found else float("inf")

    rows = []
    order = sorted((title for title in values if values[title]), key=place)
    for rank, title in enumerate(order, 1):
        measured = values[title]
        cells = [
            _shown(
                measured.get(quantity),
                quantity,
                best.get(quantity),
                sum(quantity.stage in run.stages for run in by_method[title]),
            )
            for quantity in columns
        ]
        first = Shown(f"{rank}. {title}" if key in measured else title, rank)
        rows.append([first, *cells, *_spent(by_method[title])])
    sure = certainties(by_method)
    if sure:
        for rank, (row, title) in enumerate(zip(rows, order, strict=True), 1):
            row.insert(2, Shown(sure.get(title, ""), rank if title in sure else None))
    names = [quantity.heading for quantity in columns]
    headings = [*names, "field's training signals", "field's training time"]
    return Grid(
        "", ["method", headings[0], *(["rank (95 %)"] if sure else []), *headings[1:]], rows
    )


def certainties(by_method: Mapping[str, Sequence[Run]]) -> dict[str, str]:
    """How certain each method's rank is; nothing where PSNR ranks nobody."""
    results = {
        title: [found for run in own if (found := run.results.get(RANKED_BY.stage))]
        for title, own in by_method.items()
    }
    root = next((run.root for own in by_method.values() for run in own), Path())
    return certainty(root, {title: found for title, found in results.items() if found})


def sureness(runs: Sequence[Run]) -> str:
    """The sentence that says how sure a ranking is, and at what budget."""
    scores: dict[str, list[float]] = {}
    for run in runs:
        if found := _values([run], RANKED_BY):
            scores.setdefault(run.title, []).extend(found)
    if not scores:
        return "No reconstruction was measured."
    samples = {
        m.samples for run in runs if (m := run.metric("reconstruction", "psnr", "test")) is not None
    }
    order = sorted(scores, key=lambda title: -mean(scores[title]))
    count = " or ".join(f"{n:,}" for n in sorted(n for n in samples if n))
    text = f"Ranked by mean PSNR over {count} test signals, after {budget_of(runs)}."
    if len(order) > 1:
        gap = mean(scores[order[0]]) - mean(scores[order[1]])
        text += f" {order[0]} leads {order[1]} by {gap:.2f} dB{_unlike(runs, *order[:2])}."
    results = [result for run in runs if (result := run.results.get(RANKED_BY.stage))]
    if len(order) > 1 and any(FILES["reconstruction"] in result.artifacts for result in results):
        text += f" A rank is certain where a {HOW}, tells it from all others."
    text += f" {repeats({title: len(found) for title, found in scores.items()})}"
    changes = {
        run.title: said
        for run in runs
        if (result := run.results.get(RANKED_BY.stage)) and (said := changed(result, run.root))
    }
    return " ".join([text, *_lost(runs, scores), *sentences(changes)])


def _lost(runs: Sequence[Run], scores: Mapping[str, Sequence[float]]) -> Iterator[str]:
    """A sentence a method whose mean leaves out seeds, with their reasons."""
    for title, found in scores.items():
        own = [run for run in runs if run.title == title]
        if len(found) < len(own):
            without = [run for run in own if not _values([run], RANKED_BY)]
            reasons = "; ".join(dict.fromkeys(run.outcome[1] or "no PSNR" for run in without))
            yield f"{title}: {len(found)} of {len(own)} seeds; the others: {reasons}."


def _unlike(runs: Sequence[Run], first: str, second: str) -> str:
    """At which sizes of latents, and after how much training, one leads the other."""
    own = [[run for run in runs if run.title == title] for title in (first, second)]
    sizes = [_values(each, LATENT) for each in own]
    fits = [
        [r.budget.signals for run in each if (r := run.results.get("fit")) and r.budget]
        for each in own
    ]
    said = [
        f"{mean(ours):,.0f} {name} against {mean(theirs):,.0f}"
        for name, (ours, theirs) in (("latent floats", sizes), ("training signals", fits))
        if ours and theirs
    ]
    return f", with {' and '.join(said)}" if said else ""


def budget_of(runs: Sequence[Run], stage: str = "fit") -> str:
    """What the trainings of some cells cost: steps, signals seen, and the share of the published.

    Steps are left out where a result does not record them.
    """
    budgets = [found.budget for run in runs if (found := run.results.get(stage)) and found.budget]
    if not budgets:
        return "no training on record"
    seen = "latents" if stage == "generation" else "signals"
    text = f"{_range([budget.signals for budget in budgets])} training {seen}"
    steps = [_steps(run.results[stage]) for run in runs if stage in run.results]
    if all(steps):
        text = f"{_range([count for count in steps if count])} steps, {text}"
    shares = sorted(b.fraction for b in budgets if b.fraction is not None)
    if not shares:
        return text
    spread = " to ".join(dict.fromkeys((percent(shares[0]), percent(shares[-1]))))
    return f"{text} ({spread} of the published training)"


def _range(counts: Sequence[int]) -> str:
    return " to ".join(f"{count:,}" for count in dict.fromkeys((min(counts), max(counts))))


def _steps(result: Result) -> int | None:
    """Steps of the training behind a result, as it records them."""
    found: Any = result.provenance.config if result.provenance else {}
    for key in STEPS.get(result.stage, ()):
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, int) else None


def _measured(runs: Sequence[Run], quantity: Quantity) -> Iterator[tuple[re.Match[str], float]]:
    """The metrics that a quantity's pattern matches, and their values."""
    for run in runs:
        result = run.results.get(quantity.stage)
        for metric in result.metrics if result and result.status == "ok" else []:
            matched = re.fullmatch(quantity.pattern, metric.name)
            if matched and metric.split == quantity.split and metric.value is not None:
                yield matched, metric.value


def _named(runs: Sequence[Run], quantity: Quantity) -> list[Quantity]:
    """One of its own for each name: feature spaces, and numbers of copies, are not averaged."""
    matches = {matched[0]: matched for matched, _ in _measured(runs, quantity)}
    return [
        replace(quantity, pattern=re.escape(name), heading=_heading(quantity, matched))
        for name, matched in matches.items()
    ]


def _heading(quantity: Quantity, matched: re.Match[str]) -> str:
    return quantity.heading.format(*(matched.groups() or (matched[0],)))


def _values(runs: Sequence[Run], quantity: Quantity) -> list[float]:
    """One a seed, of a quantity that matches one name."""
    return [value for _, value in _measured(runs, quantity)]


def _shown(values: list[float] | None, quantity: Quantity, best: float | None, seeds: int) -> Shown:
    """A mean; of how many of the planned ``seeds`` it is, where that is not all."""
    if not values:
        return Shown("")
    spread = f" ± {number(stdev(values), quantity.digits)}" if len(values) > 1 else ""
    some = f" ({len(values)} of {seeds} seeds)" if len(values) < seeds else ""
    text = number(mean(values), quantity.digits) + spread + some
    return Shown(text, mean(values), best=mean(values) == best)


def _spent(runs: Sequence[Run]) -> list[Shown]:
    """Signals and seconds of the field's training."""
    fits = [result for run in runs if (result := run.results.get("fit")) and result.budget]
    if not fits or fits[0].budget is None:
        return [Shown(""), Shown("")]
    signals = fits[0].budget.signals
    seconds = [s for fit in fits if (s := fit.value("training_seconds", "train")) is not None]
    spent = Shown(duration(mean(seconds)), mean(seconds)) if seconds else Shown("")
    return [Shown(f"{signals:,}", signals), spent]
