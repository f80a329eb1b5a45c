"""What takes the outer steps: Adam for weights, with groups of their own for rates and matrices."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from lift.field import NeuralField
from lift.meta.config import FitConfig
from lift.meta.rates import inner_rates_of, learned_rates
from lift.muon import Muon


class Optimisers:
    """All optimisers of one field; together they step every parameter once.

    Learned inner rates have a step size of their own where the configuration gives one; the norm
    that is clipped then leaves them out. Square hidden matrices are Muon's where it is asked for.
    """

    def __init__(self, field: NeuralField, config: FitConfig) -> None:
        apart = learned_rates(field) if config.rates_rate else []
        matrices = field.hidden_matrices() if config.muon_rate else []
        taken = {id(parameter) for parameter in (*apart, *matrices)}
        weights = [p for p in field.parameters() if p.requires_grad and id(p) not in taken]
        groups = [{"params": weights, "lr": config.rate}]
        groups += [{"params": apart, "lr": config.rates_rate}] if apart else []
        self.each: list[Optimizer] = [torch.optim.Adam(groups)]
        if matrices:
            assert config.muon_rate is not None
            self.each.append(Muon(matrices, config.muon_rate))
        self._inner_rates = inner_rates_of(field)
        self._unclipped = {id(parameter) for parameter in apart}
        self._rates = [[group["lr"] for group in one.param_groups] for one in self.each]

    def gradient_norm(self, largest: float | None) -> float:
        """Norm of the outer gradient before it is cut to ``largest``; NaN if one is not finite."""
        every = [p for one in self.each for group in one.param_groups for p in group["params"]]
        clipped = [p for p in every if id(p) not in self._unclipped]
        norm = nn.utils.clip_grad_norm_(clipped, largest or math.inf).item()
        others = [p.grad for p in every if id(p) in self._unclipped and p.grad is not None]
        return norm if all(bool(g.isfinite().all()) for g in others) else math.nan

    def step(self, factor: float) -> None:
        """Takes the outer step at ``factor`` times the configured step sizes, and clears it."""
        for one, rates in zip(self.each, self._rates, strict=True):
            for group, rate in zip(one.param_groups, rates, strict=True):
                group["lr"] = factor * rate
            one.step()
            one.zero_grad()
        for inner_rates in self._inner_rates:
            inner_rates.return_to_bounds()

    def replace(
        self, old: nn.Parameter, new: nn.Parameter, moment: Callable[[Tensor], Tensor]
    ) -> None:
        """Goes on with another parameter in place of one; ``moment`` converts its averages."""
        for one in self.each:
            for group in one.param_groups:
                group["params"] = [new if p is old else p for p in group["params"]]
            if old in one.state:
                found = one.state.pop(old).items()
                one.state[new] = {
                    name: moment(value) if value.shape == old.shape else value
                    for name, value in found
                }
