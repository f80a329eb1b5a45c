"""Functa: one sine network for all signals, shifted by a linear map of each signal's latent.

Dupont et al., ICML 2022 (arXiv 2201.12204), as its released code computes it.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from baselines.shifted_siren import ShiftedSiren
from lift.field import Cost, Domain, Latent, NeuralField, Query, Rates
from lift.meta.rates import InnerRates, RateSettings
from lift.meta.shared_step import shift_gradients
from lift.ranges import Count, Positive


class Functa(NeuralField):
    """A latent-modulated SIREN with one learned inner rate a latent coordinate (Meta-SGD).

    The released configuration lists a range for the rates, but nothing applies it: rates are
    neither clipped nor kept positive, here too.

    Args:
        domain: the grid of the signals.
        width: of the sine layers.
        depth: linear layers in all, the output layer included.
        latent: floats of a signal's latent.
        w0: frequency factor of every sine layer.
        inner_rates: arguments of `InnerRates` for the latent ``global``; published: learned, one a
            coordinate, from a uniform distribution.
    """

    def __init__(
        self,
        domain: Domain,
        *,
        width: Count,
        depth: Count,
        latent: Count,
        w0: Positive,
        inner_rates: RateSettings,
    ) -> None:
        super().__init__()
        self.domain = domain
        self.siren = ShiftedSiren(domain.dimensions, width, depth, domain.channels, w0)
        self.shift_map = nn.Linear(latent, self.siren.sine_layers * width)
        shift_map_init_(self.shift_map, latent)
        self.latent = latent
        self.rates = InnerRates({"global": (latent,)}, **inner_rates)

    def zero_latent(self, batch: int) -> Latent:
        return {"global": self.shift_map.weight.new_zeros(batch, self.latent)}

    def inner_rates(self, step: int) -> Rates:
        return self.rates(step)

    def hidden_matrices(self) -> list[nn.Parameter]:
        return self.siren.hidden_matrices()

    def locate(self, coords: Tensor) -> Query:
        return {"coords": coords}

    def evaluate(self, latent: Latent, query: Query) -> Tensor:
        shifts = self.shift_map(latent["global"].unsqueeze(1))  # (B, 1, L*W)
        return self.siren(query["coords"], shifts.split(self.siren.width, dim=-1))

    def first_gradient(self, query: Query, values: Tensor) -> Latent | None:
        """At the zero latent all signals have one network."""
        batch, points, channels = values.shape
        if len(query["coords"]) > 1 or batch <= channels:
            return None
        shifts = self.shift_map(self.shift_map.weight.new_zeros(1, 1, 1, self.latent))

        def evaluate(shifts: Tensor) -> Tensor:
            return self.siren(query["coords"], shifts[:, 0].split(self.siren.width, dim=-1))

        slot = torch.arange(points, device=values.device)
        gradient = shift_gradients(evaluate, shifts.expand(-1, -1, points, -1), slot, values)
        return {"global": gradient[:, 0] @ self.shift_map.weight}

    def cost(self) -> Cost:
        """Closed form; at the published sizes it gives the papers' figures.

        A signal's shifts add to the biases, so an encoded signal is read with as many weights as
        the sine network has.
        """
        points, siren = self.domain.points, self.siren
        map_macs = self.shift_map.weight.numel()
        macs = points * siren.weight_count + map_macs
        return Cost(
            parameters=sum(p.numel() for p in self.parameters()) - self.rates.count,
            inference_parameters=siren.weight_count + siren.bias_count,
            latent_floats=self.latent,
            macs=macs,
            bias_adds=points * siren.bias_count + self.shift_map.bias.numel(),
            encode_macs=3 * (macs + points * siren.hidden_weight_count + map_macs),
            rate_parameters=self.rates.count,
        )


def shift_map_init_(shift_map: nn.Module, fan_in: int) -> None:
    """Haiku's default for linear layers: a normal of std ``1/sqrt(fan_in)`` cut at two stds."""
    std = 1 / math.sqrt(fan_in)
    weight, bias = shift_map.parameters()
    nn.init.trunc_normal_(weight, std=std, a=-2 * std, b=2 * std)
    nn.init.zeros_(bias)
