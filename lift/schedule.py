"""Outer step sizes over a training, as a factor of the configured one."""

from __future__ import annotations

import math
from typing import Literal

Schedule = Literal["constant", "cosine", "exponential"]


def factor(
    schedule: Schedule, step: int, steps: int, *, warmup: int = 0, last: float | None = None
) -> float:
    """Of the step size at ``step`` of ``steps``, from 0.

    A linear warm-up, then constant; half a cosine to zero; or exponential down to ``last``.
    """
    if step < warmup:
        return (step + 1) / warmup
    passed = (step - warmup) / max(steps - warmup, 1)
    if schedule == "cosine":
        return (1 + math.cos(math.pi * passed)) / 2
    if schedule == "exponential":
        assert last is not None
        return last**passed
    return 1.0
