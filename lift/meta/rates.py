"""Inner step sizes: fixed, or learned with the weights, by one mechanism for every field.

Learned rates are Meta-SGD's (Li et al. 2017, arXiv 1707.09835): one a latent coordinate, and here
also one a scale, each alike in every inner step or one a step.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import torch
from pydantic import ConfigDict, with_config
from torch import Tensor, nn
from typing_extensions import TypedDict

from lift.field import Rates
from lift.ranges import Count, NonNegative, Positive

Learned = Literal["fixed", "scale", "coordinate"]


@with_config(ConfigDict(extra="forbid"))
class RateSettings(TypedDict, total=False):
    """What configuration says of a field's rates: arguments of `InnerRates`."""

    start: Positive | dict[str, NonNegative] | None
    between: tuple[NonNegative, Positive] | None
    learned: Learned
    steps: Count | None
    logarithm: bool
    clamp: tuple[NonNegative, Positive] | None
    bounds: tuple[NonNegative, Positive] | None
    scale: Positive


class InnerRates(nn.Module):
    """Step sizes of every latent in every inner step.

    Args:
        shapes: of one signal's latents by name, ``(..., d)``.
        start: what rates start from: a number, or one a latent by its name, where a fixed 0 leaves
            that latent at zero.
        between: in place of ``start``: bounds of the uniform distribution that they are drawn from.
        learned: ``fixed``; learned, one for all of a latent (``scale``); or one a ``coordinate``.
        steps: inner steps that have rates of their own, where later ones take the last's; None for
            one rate in all steps.
        logarithm: whether the parameter is the rate's logarithm: rates stay positive, and an outer
            step changes them by a factor.
        clamp: bounds that are applied where rates are used.
        bounds: bounds that every outer step brings learned rates back into.
        scale: what a rate of 1 means in this project's inner loss.

    Raises:
        ValueError: not exactly one of ``start`` and ``between``, rates of other latents, a range
            whose ends are not in order, a rate that has no logarithm, bounds of logarithms, or
            what only learned rates have.
    """

    def __init__(
        self,
        shapes: Mapping[str, tuple[int, ...]],
        *,
        start: float | Mapping[str, float] | None = None,
        between: tuple[float, float] | None = None,
        learned: Learned = "fixed",
        steps: int | None = None,
        logarithm: bool = False,
        clamp: tuple[float, float] | None = None,
        bounds: tuple[float, float] | None = None,
        scale: float = 1.0,
    ) -> None:
        super().__init__()
        _check_start(start, between, shapes)
        for key, ends in (("between", between), ("clamp", clamp), ("bounds", bounds)):
            if ends and ends[0] >= ends[1]:
                raise ValueError(f"{key}: {list(ends)}, expected the smaller end first")
        if learned not in ("fixed", "scale", "coordinate"):
            raise ValueError(f"learned: {learned!r}; expected 'fixed', 'scale' or 'coordinate'")
        if learned == "fixed":
            _check_fixed(between, steps)
        if bounds and (logarithm or learned == "fixed"):
            rates = "logarithm: true" if logarithm else "learned: fixed"
            raise ValueError(f"bounds: {bounds}, {rates}; expected one of the two")
        self.steps, self.logarithm, self.clamp, self.scale = steps, logarithm, clamp, scale
        self.bounds = bounds
        values: dict[str, Any] = {}
        for name, shape in shapes.items():
            size = (*([steps] if steps else []), *(shape if learned == "coordinate" else ()))
            if between is not None:
                value = torch.empty(size).uniform_(*between)
            else:
                value = torch.full(size, _named(start, name), dtype=torch.get_default_dtype())
            smallest = min(between) if between is not None else _named(start, name)
            if logarithm and smallest <= 0:
                given = f"start: {start}" if between is None else f"between: {between}"
                raise ValueError(f"{given}, logarithm: true; expected positive rates")
            values[name] = value.log() if logarithm else value
        self.names = list(shapes)
        self.learns = learned != "fixed"
        for name, value in values.items():
            if self.learns:
                self.register_parameter(name, nn.Parameter(value))
            else:
                self.register_buffer(name, value, persistent=False)

    def forward(self, step: int) -> Rates:
        """The rates of inner step number ``step``, each broadcastable to its latent."""
        return {name: self._used(getattr(self, name), step) for name in self.names}

    @torch.no_grad()
    def return_to_bounds(self) -> None:
        """Moves learned rates that an outer step took out of their bounds to the nearest one."""
        if self.bounds:
            for parameter in self.parameters():
                parameter.clamp_(*self.bounds)

    def _used(self, value: Tensor, step: int) -> Tensor:
        if self.steps:
            value = value[min(step, self.steps - 1)]
        if self.logarithm:
            value = value.exp()
        if self.clamp:
            value = value.clamp(*self.clamp)
        return value if self.scale == 1 else self.scale * value

    @property
    def count(self) -> int:
        """Learned numbers."""
        return sum(parameter.numel() for parameter in self.parameters())


def _check_start(
    start: float | Mapping[str, float] | None,
    between: tuple[float, float] | None,
    latents: Iterable[str],
) -> None:
    if (start is None) == (between is None):
        raise ValueError(f"start: {start}, between: {between}; expected exactly one of the two")
    if isinstance(start, Mapping) and set(start) != set(latents):
        names = f"{', '.join(map(str, start))}; expected one for each of {', '.join(latents)}"
        raise ValueError(f"start: rates for {names}")


def _check_fixed(between: tuple[float, float] | None, steps: int | None) -> None:
    """Fixed rates are in no weights file, and stay alike in all steps."""
    for key, of_learned in (("between", between), ("steps", steps)):
        if of_learned:
            raise ValueError(f"{key}: {of_learned}, learned: fixed; expected one of the two")


def _named(start: float | Mapping[str, float] | None, name: str) -> float:
    if isinstance(start, Mapping):
        return float(start[name])
    assert start is not None
    return float(start)


def inner_rates_of(field: nn.Module) -> list[InnerRates]:
    """All inner rates of a field."""
    return [module for module in field.modules() if isinstance(module, InnerRates)]


def learned_rates(field: nn.Module) -> list[nn.Parameter]:
    """The parameters of a field that are inner rates."""
    return [parameter for rates in inner_rates_of(field) for parameter in rates.parameters()]
