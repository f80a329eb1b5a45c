"""Which of the exact ways to take a meta-step is the fastest here, found by trying them."""

from __future__ import annotations

import time
from typing import NamedTuple

import torch
from torch import Tensor
from tqdm import tqdm

from lift.field import Latent, NeuralField, Query
from lift.meta.inner_loop import (
    EAGER,
    Kernels,
    MetaStep,
    OuterGradient,
    accumulate_outer_gradient,
    compiled_kernels,
)
from lift.meta.whole_step import TakeStep, whole_step


class Choice(NamedTuple):
    """A way to take meta-steps; all exact ones give the same numbers, but for rounding."""

    order: OuterGradient
    compiled: bool
    chunk: int | None = None

    def __str__(self) -> str:
        taken = f", {self.chunk} signals at once" if self.chunk else ""
        return f"{self.order} {'compiled' if self.compiled else 'eager'}{taken}"

    def kernels(self) -> Kernels:
        """The kernels that it runs with, and that encoding runs with beside it."""
        return compiled_kernels() if self.compiled else EAGER

    def step(self, field: NeuralField, inner_steps: int) -> TakeStep:
        """The function that takes a meta-step in this way.

        Compiled, an unrolled step of the whole batch is one graph; others, which repeat a part for
        every chunk or replayed inner step, compile that part.
        """
        if self.compiled and self.order == "exact" and self.chunk is None:
            return whole_step(field, inner_steps)
        kernels = self.kernels()

        def take(query: Query, values: Tensor, start: Latent | None) -> MetaStep:
            return accumulate_outer_gradient(
                field, query, values, start, inner_steps, self.order, kernels, self.chunk
            )

        return take


def candidates(batch: int, steps: int, order: OuterGradient) -> list[Choice]:
    """The ways that give ``order``'s numbers and hold no more than ``order`` does.

    Unrolling holds the activations of ``steps + 1`` evaluations of a chunk, replaying those of one
    evaluation of the batch: an unrolled chunk of a ``steps + 1``-th of the batch fits its place,
    and spares the replay's second evaluations. Half a batch, which only the unrolled order has the
    memory for, is compiled too: so Spatial Functa is fastest with 16 images of CIFAR-10.
    """
    ways = [Choice(order, False), Choice(order, True)]
    if order == "first-order":
        return ways
    if order == "exact":
        ways += [Choice("exact-low-memory", False), Choice("exact-low-memory", True)]
    fitting = [size for size in range(1, batch // (steps + 1) + 1) if batch % size == 0]
    ways += [Choice("exact", False, size) for size in sorted({*fitting[:1], *fitting[-1:]})]
    ways += [Choice("exact", True, size) for size in fitting[-1:]]
    if order == "exact" and batch % 2 == 0 and batch // 2 not in fitting[-1:]:
        ways.append(Choice("exact", True, batch // 2))
    return ways


def fastest(
    field: NeuralField,
    query: Query,
    values: Tensor,
    steps: int,
    order: OuterGradient,
    repeats: int = 3,
) -> Choice:
    """Takes a meta-step in every way on this field and batch, and says which was fastest.

    The fastest of ``repeats`` counts, after one call that compiles; torch keeps compiled code on
    disk, so that the next run's first call is short. The field's gradients are cleared.
    """
    ways = candidates(len(values), steps, order)
    takers = {way: way.step(field, steps) for way in ways}

    def seconds(way: Choice) -> float:
        began = time.perf_counter()
        takers[way](query, values, None)
        if values.device.type == "cuda":
            torch.cuda.synchronize()
        field.zero_grad()
        return time.perf_counter() - began

    first = {way: seconds(way) for way in ways}
    rounds = [{way: seconds(way) for way in ways} for _ in range(repeats)]
    best = {way: min(taken[way] for taken in rounds) for way in ways}
    chosen = min(ways, key=best.__getitem__)
    for way in ways:
        mark = " (chosen)" if way == chosen else ""
        tqdm.write(f"meta-step {way}: {best[way]:.3f} s, first {first[way]:.1f} s{mark}")
    return chosen
