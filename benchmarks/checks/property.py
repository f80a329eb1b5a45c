"""A property that every field must have, and what a check of it says."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from benchmarks.checks.subject import Subject
from lift.field import Latent


class BrokenError(AssertionError):
    """A field that lacks a property; the message says by how much."""


@dataclass(frozen=True)
class Property:
    """One property.

    ``check`` returns a short remark with a number, or raises. Where one of ``needs`` fails, this
    one is not tried: one mistake gives one failure.
    """

    name: str
    check: Callable[[Subject], str]
    needs: tuple[str, ...] = ()

    @property
    def statement(self) -> str:
        """What it says, in one sentence."""
        return (self.check.__doc__ or self.name).splitlines()[0]


@dataclass(frozen=True)
class Finding:
    """The outcome of one check."""

    property: Property
    status: Literal["ok", "failed", "not tried"]
    remark: str


def examine(
    subject: Subject,
    properties: Sequence[Property],
    report: Callable[[Finding], None] = lambda finding: None,
) -> list[Finding]:
    """Checks a field, in the order given: a property stands behind those that it needs.

    Args:
        report: is told every finding at once.
    """
    found: dict[str, Finding] = {}
    for wanted in properties:
        missing = [name for name in wanted.needs if found[name].status != "ok"]
        if missing:
            finding = Finding(wanted, "not tried", f"needs: {', '.join(missing)}")
        else:
            finding = _tried(subject, wanted)
        found[wanted.name] = finding
        report(finding)
    return list(found.values())


def _tried(subject: Subject, wanted: Property) -> Finding:
    try:
        return Finding(wanted, "ok", wanted.check(subject))
    except BrokenError as error:
        return Finding(wanted, "failed", str(error))
    except Exception as error:  # whatever a stranger's code raises is a finding about it
        reason = (str(error).strip() or "no message").splitlines()[0]
        return Finding(wanted, "failed", f"{type(error).__name__}: {reason}")


def require(holds: bool, otherwise: str) -> None:
    """Raises BrokenError unless a condition holds."""
    if not holds:
        raise BrokenError(otherwise)


def difference(found: Tensor, expected: Tensor) -> float:
    """Largest difference, of the largest expected value; NaN and wrong shapes are infinite."""
    if found.shape != expected.shape:
        raise BrokenError(f"shape {tuple(found.shape)}, expected {tuple(expected.shape)}")
    found, expected = found.detach().double(), expected.detach().double()
    largest = expected.abs().max().clamp_min(1e-12)
    relative = float((found - expected).abs().max() / largest)
    return float("inf") if math.isnan(relative) else relative


def same(found: Tensor | Latent, expected: Tensor | Latent, tolerance: float) -> str:
    """The remark for numbers that must be alike.

    Raises:
        BrokenError: they differ by more than ``tolerance`` of the largest.
    """
    if isinstance(found, Tensor) and isinstance(expected, Tensor):
        largest = difference(found, expected)
    else:
        assert isinstance(found, dict)
        assert isinstance(expected, dict)
        largest = max(difference(found[name], expected[name]) for name in expected)
    remark = f"largest difference {largest:.1e}, allowed {tolerance:.0e}"
    require(largest <= tolerance, remark)
    return remark


def finite(tensors: dict[str, Tensor]) -> None:
    """Raises BrokenError where a value is infinite or no number."""
    for name, tensor in tensors.items():
        bad = int((~torch.isfinite(tensor)).sum())
        require(bad == 0, f"{name}: {bad} of {tensor.numel()} not finite")
