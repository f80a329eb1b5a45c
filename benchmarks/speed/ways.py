"""The exact ways to take a meta-step, which `benchmarks.speed` compares.

Configuration files hold the answer: ``fit.gradient``, ``fit.micro_batch`` and ``fit.compile``.
"""

from __future__ import annotations

from typing import NamedTuple

from lift.field import NeuralField
from lift.meta.outer import OuterGradient, TakeStep, meta_step


class Way(NamedTuple):
    """A way to take meta-steps; all exact ones give the same numbers, but for rounding."""

    gradient: OuterGradient
    compile: bool
    micro_batch: int | None = None

    def __str__(self) -> str:
        taken = f", {self.micro_batch} signals at once" if self.micro_batch else ""
        return f"{self.gradient} {'compiled' if self.compile else 'eager'}{taken}"

    def step(self, field: NeuralField, inner_steps: int) -> TakeStep:
        """The function that takes a meta-step in this way."""
        return meta_step(
            field,
            inner_steps,
            self.gradient,
            micro_batch=self.micro_batch,
            compile=self.compile,
        )


PLAIN = Way("unrolled", False)
"""Autograd through the unrolled inner steps, the side that all others are compared with."""


def candidates(batch: int, steps: int) -> list[Way]:
    """The ways that hold no more than an unrolled step of the batch does.

    Unrolling holds the activations of ``steps + 1`` evaluations of a micro-batch, replaying those
    of one evaluation of the batch: an unrolled micro-batch of a ``steps + 1``-th of the batch fits
    its place, and spares the replay's second evaluations. Half a batch is tried too: so Spatial
    Functa is fastest with 16 images of CIFAR-10.
    """
    fitting = [size for size in range(1, batch // (steps + 1) + 1) if batch % size == 0]
    ways = [PLAIN, Way("unrolled", True), Way("replayed", False), Way("replayed", True)]
    ways += [Way("unrolled", False, size) for size in sorted({*fitting[:1], *fitting[-1:]})]
    ways += [Way("unrolled", True, size) for size in fitting[-1:]]
    if batch % 2 == 0 and batch // 2 not in fitting[-1:]:
        ways.append(Way("unrolled", True, batch // 2))
    return ways
