"""Spatial Functa: a latent grid, each cell of which shifts the sine layers of its own pixels.

Bauer et al., 2023 (arXiv 2302.03130). Its authors released no code;
``config/methods/spatial_functa.yaml`` says what each detail rests on.
"""

from __future__ import annotations

import itertools
import math
from typing import Literal

import torch
from torch import Tensor, nn

from baselines.functa import shift_map_init_
from baselines.shifted_siren import ShiftedSiren
from lift import regions
from lift.convolutions import CONVOLUTIONS
from lift.field import Cost, Domain, Latent, NeuralField, Query, Rates
from lift.meta.rates import InnerRates, RateSettings
from lift.meta.shared_step import shift_gradients
from lift.ranges import Count, Positive


class SpatialFuncta(NeuralField):
    """A SIREN whose shifts are a convolution of the latent grid, read at each pixel.

    ``reading="nearest"`` takes the shifts of the pixel's own cell and feeds the pixel's place in
    that cell, in ``[0, 1]``; ``"bilinear"`` (multilinear in D dimensions) interpolates the shifts
    between cell centres, constant beyond the outermost ones, and feeds the binary code of the
    pixel's index, ``ceil(log2 R)`` bits an axis.

    Args:
        domain: the grid of the signals.
        width: of the sine layers.
        depth: linear layers in all, the output layer included.
        cells: s, latent cells per axis.
        latent_channels: c, floats of a cell; a latent is ``(B, s, ..., s, c)``.
        kernel: of the convolution, odd; 1 keeps a pixel to one cell.
        w0: frequency factor of every sine layer.
        reading: how a pixel reads the grid of shifts.
        inner_rates: arguments of `InnerRates` for the latent ``local``; published: learned, one a
            coordinate, from a uniform distribution, with a factor.

    Raises:
        ValueError: the kernel is even, or the reading is unknown.
    """

    def __init__(
        self,
        domain: Domain,
        *,
        width: Count,
        depth: Count,
        cells: Count,
        latent_channels: Count,
        w0: Positive,
        kernel: Count = 1,
        reading: Literal["nearest", "bilinear"] = "nearest",
        inner_rates: RateSettings,
    ) -> None:
        super().__init__()
        if kernel % 2 == 0:
            raise ValueError(f"kernel: {kernel}, expected an odd size, centred on its cell")
        if reading not in ("nearest", "bilinear"):
            raise ValueError(f"reading: {reading!r}, expected 'nearest' or 'bilinear'")
        self.domain = domain
        self.cells = cells
        self.reading = reading
        self.bits = max(1, math.ceil(math.log2(domain.resolution)))
        inputs = domain.dimensions * (1 if reading == "nearest" else self.bits)
        self.siren = ShiftedSiren(inputs, width, depth, domain.channels, w0)
        self.shift_map = CONVOLUTIONS[domain.dimensions](
            latent_channels, self.siren.sine_layers * width, kernel, padding=kernel // 2
        )
        fan_in = latent_channels * kernel**domain.dimensions
        shift_map_init_(self.shift_map, fan_in)
        grid = [cells] * domain.dimensions
        self.shape = (*grid, latent_channels)
        self.rates = InnerRates({"local": self.shape}, **inner_rates)

    def zero_latent(self, batch: int) -> Latent:
        return {"local": self.shift_map.weight.new_zeros(batch, *self.shape)}

    def inner_rates(self, step: int) -> Rates:
        return self.rates(step)

    def hidden_matrices(self) -> list[nn.Parameter]:
        return self.siren.hidden_matrices()

    def locate(self, coords: Tensor) -> Query:
        if self.reading == "nearest":
            local, slot = regions.locate(coords, self.cells)
            return {"local": (local + 1) / 2, "slot": slot}
        cell, weight = corner_weights(coords, self.cells)
        return {"code": binary_code(coords, self.domain.resolution, self.bits)} | {
            "cell": cell,
            "weight": weight,
        }

    def shifts(self, latent: Latent) -> Tensor:
        """One shift vector a cell, all layers', ``(B, s^D, L*W)``."""
        return self.shift_map(latent["local"].movedim(-1, 1)).flatten(2).transpose(1, 2)

    def evaluate(self, latent: Latent, query: Query) -> Tensor:
        layers = self.shifts(latent).split(self.siren.width, dim=-1)  # L tensors (B, s^D, W)
        if self.reading == "bilinear":
            read = [interpolate(grid, query["cell"], query["weight"]) for grid in layers]
            return self.siren(query["code"], read)
        values = self.siren(query["local"], [grid.unsqueeze(2) for grid in layers]).flatten(1, 2)
        return regions.in_order(values, query["slot"])

    def first_gradient(self, query: Query, values: Tensor) -> Latent | None:
        """At the zero latent all signals have one network; cells are read apart if nearest."""
        batch, _, channels = values.shape
        if self.reading != "nearest" or len(query["slot"]) > 1 or batch <= channels:
            return None
        local = query["local"]  # (1, s^D, K, D)
        shifts, pull_back = torch.func.vjp(self.shifts, self.zero_latent(batch))[:2]

        def evaluate(shifts: Tensor) -> Tensor:
            return self.siren(local, shifts.split(self.siren.width, dim=-1)).flatten(1, 2)

        shared = shifts[:1].unsqueeze(2).expand(-1, -1, local.shape[2], -1)
        return pull_back(shift_gradients(evaluate, shared, query["slot"][0], values))[0]

    def cost(self) -> Cost:
        """Closed form; at the published sizes it gives the papers' figures."""
        points, siren = self.domain.points, self.siren
        cell_count = self.cells**self.domain.dimensions
        map_macs = cell_count * self.shift_map.weight.numel()
        shifts = cell_count * siren.sine_layers * siren.width
        macs = points * siren.weight_count + map_macs
        corners = 2**self.domain.dimensions if self.reading == "bilinear" else 0
        return Cost(
            parameters=sum(p.numel() for p in self.parameters()) - self.rates.count,
            inference_parameters=siren.weight_count + siren.bias_count + shifts,
            latent_floats=math.prod(self.shape),
            macs=macs,
            bias_adds=points * siren.bias_count + shifts,
            encode_macs=3 * (macs + points * siren.hidden_weight_count + map_macs),
            interpolation_macs=points * corners * siren.sine_layers * siren.width,
            rate_parameters=self.rates.count,
        )


def binary_code(coords: Tensor, resolution: int, bits: int) -> Tensor:
    """Each axis's pixel index in binary, most significant bit first, ``(..., D * bits)``."""
    index = (coords * resolution).floor().clamp(0, resolution - 1).long().unsqueeze(-1)
    places = torch.arange(bits - 1, -1, -1, device=coords.device)
    return ((index >> places) & 1).to(coords.dtype).flatten(-2)


def corner_weights(coords: Tensor, cells: int) -> tuple[Tensor, Tensor]:
    """The ``2^D`` cells around each point and their multilinear weights, both ``(S, N, 2^D)``.

    Args:
        coords: ``(S, N, D)`` in ``[0, 1]``.
    """
    place = (coords * cells - 0.5).clamp(0, cells - 1)
    low = place.floor().clamp(max=max(cells - 2, 0))
    high = place - low  # (S, N, D): the upper neighbour's share along each axis
    low = low.long()
    index, weight = [], []
    for corner in itertools.product((0, 1), repeat=coords.shape[-1]):
        cell = torch.zeros_like(low[..., 0])
        share = torch.ones_like(high[..., 0])
        for axis, step in enumerate(corner):
            cell = cell * cells + (low[..., axis] + step).clamp(max=cells - 1)
            share = share * (high[..., axis] if step else 1 - high[..., axis])
        index.append(cell)
        weight.append(share)
    return torch.stack(index, -1), torch.stack(weight, -1)


def interpolate(grid: Tensor, cell: Tensor, weight: Tensor) -> Tensor:
    """Weighted sums of cells, ``(B, N, W)``.

    Args:
        grid: ``(B, s^D, W)``.
        cell: ``(S, N, 2^D)``, S = 1 or B.
        weight: of the same shape.
    """
    total = grid.new_zeros(())
    for corner in range(cell.shape[-1]):
        index = cell[..., corner].expand(len(grid), -1).unsqueeze(-1)
        picked = grid.gather(1, index.expand(-1, -1, grid.shape[-1]))
        total = total + weight[..., corner].unsqueeze(-1) * picked
    return total
