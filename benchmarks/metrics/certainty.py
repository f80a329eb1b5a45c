"""Which ranks are certain: a paired bootstrap over the signals that all were measured on."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

RESAMPLES = 10_000
CONFIDENCE = 0.95


def ties(values: Mapping[str, np.ndarray]) -> dict[str, list[str]]:
    """For each method those whose mean may as well lie on its other side: none is a certain rank.

    Every resample draws the same signals for all methods, so that what is hard for all of them
    moves no difference. Two methods are told apart where the percentile interval of the difference
    of their means, at ``CONFIDENCE``, leaves out zero. The seed of the resampling is fixed.

    Args:
        values: of each signal, ``(n,)``, the same signals in the same order for all.
    """
    if not values:
        return {}
    table = np.stack(list(values.values()), axis=1).astype(float)
    count, draws = len(table), np.random.default_rng(0)
    means = np.empty((RESAMPLES, table.shape[1]))
    for place in range(RESAMPLES):
        times = np.bincount(draws.integers(count, size=count), minlength=count)
        means[place] = times @ table / count
    tail = 100 * (1 - CONFIDENCE) / 2
    found: dict[str, list[str]] = {}
    for one, name in enumerate(values):
        differences = means[:, [one]] - means
        low, high = np.percentile(differences, [tail, 100 - tail], axis=0)
        apart = (low > 0) | (high < 0)
        found[name] = [o for at, o in enumerate(values) if at != one and not apart[at]]
    return found
