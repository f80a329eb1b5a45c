"""One search for every network: a setting at a time, by short trainings."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from benchmarks.stages.single_signal.fitting import Choice, Comparison, predict
from benchmarks.stages.single_signal.networks import HIDDEN
from benchmarks.stages.single_signal.settings import (
    FITTING,
    SingleSignalConfig,
    TaskSettings,
)
from benchmarks.stages.single_signal.tasks import decibels
from lift.progress import TrainingDivergedError

HELD_OUT = 4
"""One observed point in four is held out of a search on a hidden target: super-resolution in the
demo observes 256, of which a tenth would leave the choice to chance."""


@dataclass(frozen=True)
class Searched:
    """The best choice with each optimiser, and the score (dB) of all that were tried.

    A score is minus infinity where a training diverged.
    """

    adam: Choice
    muon: Choice
    scores: dict[Choice, float]

    @property
    def preferred(self) -> str:
        """The optimiser whose choice scored higher."""
        return "muon" if self.scores[self.muon] > self.scores[self.adam] else "adam"


def search(comparison: Comparison) -> Searched:
    """Searches a network by trainings on what is observed, and never on a hidden target."""
    config, method = comparison.config, comparison.method
    return chosen(config, method, comparison.settings, scorer(comparison))


def chosen(
    config: SingleSignalConfig, method: str, task: TaskSettings, score: Callable[[Choice], float]
) -> Searched:
    """Factors of the first layer, of the others, and Adam's rate; then Muon's, and factors again.

    Each is tried at the best of those before it, from the task's rate and factors of 1. A larger
    rate first would leave sine networks no larger frequencies (docs/single-signals.md); and the
    other layers' factor is as much of a rate of theirs, so that Muon finds its own, from 1.
    """
    scores: dict[Choice, float] = {}

    def best(choices: list[Choice]) -> Choice:
        scores.update({one: score(one) for one in choices if one not in scores})
        return max(choices, key=scores.__getitem__)

    found = best([Choice(factor, 1.0, task.rate) for factor in (1.0, *config.first_factors)])
    constants = config.methods[method].model_dump(exclude_none=True)
    factors = config.hidden_factors if HIDDEN & constants.keys() else []
    found = best([found, *(found._replace(hidden=factor) for factor in factors)])
    found = best([found, *(found._replace(rate=rate) for rate in task.rates)])
    muon = found._replace(hidden=1.0)
    muon = best([muon._replace(muon=factor * found.rate) for factor in config.muon_factors])
    muon = best([muon, *(muon._replace(hidden=factor) for factor in factors)])
    return Searched(found, muon, scores)


def scorer(comparison: Comparison) -> Callable[[Choice], float]:
    """What a choice reaches in the first ``search_steps`` of its whole training, in dB.

    At its beginning's rates, that is: a rate that is too large for long is found out, which a short
    training would reach the end of its schedule before.
    """
    coords, values = comparison.task.coords, comparison.task.values
    order = torch.randperm(len(coords), generator=torch.Generator().manual_seed(0))
    held = order[::HELD_OUT]
    if comparison.task.name in FITTING:
        seen = coords, values
    else:
        kept = order[torch.arange(len(order)) % HELD_OUT > 0]
        seen = coords[kept], values[kept]
    sizes = comparison.sizes
    steps, points = sizes.search_steps, sizes.search_points or sizes.points

    def validation(network: nn.Module, done: int) -> dict[str, float]:
        if done < steps:
            return {}
        return {"score": decibels(predict(network, coords[held]), values[held])}

    def score(choice: Choice) -> float:
        name = f"search/{comparison.method}_{choice}"
        try:
            curve = comparison.fit(name, choice, steps, points, seen, validation).curve
        except TrainingDivergedError:
            return -math.inf
        return float(curve[-1]["score"] or 0)

    return score
