"""Outer step sizes over a training, as a factor of the configured one."""

from __future__ import annotations

import math
from typing import Literal

Schedule = Literal["constant", "cosine", "exponential", "wsd"]
DECAYING = 0.2
"""Share of a ``wsd`` training (warm-up, stable, decay) over which the step size falls to zero."""


def factor(
    schedule: Schedule, step: int, steps: int, *, warmup: int = 0, last: float | None = None
) -> float:
    """Of the step size at ``step`` of ``steps``, from 0.

    A linear warm-up, then constant; half a cosine to zero; exponential down to the factor ``last``;
    or ``wsd``: constant until the last fifth, then straight to zero, so that a training can be
    prolonged from any checkpoint before it.
    """
    if step < warmup:
        return (step + 1) / warmup
    if schedule == "wsd":
        return min(1.0, (steps - step) / (DECAYING * steps))
    passed = (step - warmup) / max(steps - warmup, 1)
    if schedule == "cosine":
        return (1 + math.cos(math.pi * passed)) / 2
    if schedule == "exponential":
        assert last is not None
        return last**passed
    return 1.0
