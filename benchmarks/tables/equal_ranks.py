"""Which ranks after equal training time are certain, by the PSNR of every test signal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from benchmarks.metrics.certainty import ties
from benchmarks.tables.certainty import HOW
from benchmarks.tables.learning_curves import between


def signals_at(curve: pd.DataFrame, signals: np.ndarray, seconds: float) -> np.ndarray:
    """Each signal's PSNR ``(n,)`` after a time, linear in its logarithm between measurements.

    Args:
        signals: ``(rows, n)``, at the curve's rows.

    Returns:
        NaN before the first measurement and after the last of them.
    """
    place, budget = np.log(curve["seconds"].to_numpy(float)), np.log(seconds)
    return np.array([between(budget, place, each) for each in signals.T])


def certain_ranks(
    signals: Mapping[str, Sequence[tuple[pd.DataFrame, np.ndarray]]],
    seeds: Mapping[str, int],
    seconds: float,
) -> Iterator[str]:
    """A sentence on the methods whose signals were kept, where two or more have the same ones.

    A method's signals are the means of its seeds, so that what is said is how much other test
    signals would change a rank; seeds' own spread stands in the table.

    Args:
        signals: curves and every signal's PSNR at their rows, of a method's seeds, by its title.
        seeds: how many each method has, also those that kept no signals.
        seconds: the budget.
    """
    if len({each.shape[1] for kept in signals.values() for _, each in kept}) > 1:
        return
    found = {
        title: np.mean([signals_at(curve, each, seconds) for curve, each in kept], axis=0)
        for title, kept in signals.items()
    }
    alike = {title: each for title, each in found.items() if not np.isnan(each).any()}
    if len(alike) < 2:
        return
    said = [
        f"{title} {'tied with ' + ', '.join(others) if others else 'certain'}"
        for title, others in ties(alike).items()
    ]
    yield f"Ranks after equal time among those whose signals were kept: {'; '.join(said)} ({HOW})."
    some = [
        f"{title} {len(signals[title])} of {seeds[title]}"
        for title in alike
        if len(signals[title]) < seeds[title]
    ]
    if some:
        yield f"Seeds that kept them: {', '.join(some)}; the table averages the others too."
