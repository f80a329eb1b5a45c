"""Which of the exact ways to take a meta-step is the fastest here, found by trying them."""

from __future__ import annotations

import time
from typing import NamedTuple

import torch
from torch import Tensor
from tqdm import tqdm

from lift.field import NeuralField, Query
from lift.meta import EAGER, Kernels, OuterGradient, accumulate_outer_gradient, compiled_kernels


class Choice(NamedTuple):
    """A way to take meta-steps. All ways of one order's exactness give the same numbers."""

    order: OuterGradient
    compiled: bool

    def __str__(self) -> str:
        return f"{self.order} {'compiled' if self.compiled else 'eager'}"

    def kernels(self) -> Kernels:
        """The kernels that it runs with."""
        return compiled_kernels() if self.compiled else EAGER


def fastest(
    field: NeuralField,
    query: Query,
    values: Tensor,
    steps: int,
    order: OuterGradient,
    repeats: int = 3,
) -> Choice:
    """Takes every candidate's meta-step on this field and batch, and says which was fastest.

    ``exact`` allows the replayed form too, which holds less. ``exact-low-memory`` allows no
    unrolling, which may not fit. The fastest of ``repeats`` counts, after one call that compiles;
    torch keeps compiled code on disk, so that the next run's first call is short. The field's
    gradients are cleared.
    """
    orders: tuple[OuterGradient, ...] = ("exact", "exact-low-memory")
    candidates = [
        Choice(allowed, compiled)
        for allowed in (orders if order == "exact" else (order,))
        for compiled in (False, True)
    ]
    kernels = {compiled: Choice(order, compiled).kernels() for compiled in (False, True)}

    def seconds(choice: Choice) -> float:
        start = field.zero_latent(len(values))
        began = time.perf_counter()
        accumulate_outer_gradient(
            field, query, values, start, steps, choice.order, kernels[choice.compiled]
        )
        if values.device.type == "cuda":
            torch.cuda.synchronize()
        field.zero_grad()
        return time.perf_counter() - began

    first = {choice: seconds(choice) for choice in candidates}
    rounds = [{choice: seconds(choice) for choice in candidates} for _ in range(repeats)]
    best = {choice: min(taken[choice] for taken in rounds) for choice in candidates}
    chosen = min(candidates, key=best.__getitem__)
    for choice in candidates:
        mark = " (chosen)" if choice == chosen else ""
        tqdm.write(f"meta-step {choice}: {best[choice]:.3f} s, first {first[choice]:.1f} s{mark}")
    return chosen
