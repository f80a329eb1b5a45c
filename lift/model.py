"""LIFT: one small sine network a region, modulated by latents of three scales.

Kazerouni et al., ICCV 2025 (arXiv 2503.15420). Sizes that the paper does not print are chosen in
``config/methods/lift.yaml``; ``docs/searches.md`` has the reasons.
"""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from lift import regions
from lift.attention import RegionAttention
from lift.field import Cost, Domain, Latent, NeuralField, Query, Rates
from lift.hierarchy import LatentGenerator, smoothness
from lift.meta.rates import InnerRates, RateSettings
from lift.meta.shared_step import shift_gradients
from lift.ranges import Count, NonNegative, Positive

SCALES = ("global", "intermediate", "local")


class LIFT(NeuralField):
    """The paper's field.

    Args:
        domain: the grid of the signals.
        regions_per_axis: P; the local latents sit on the same ``P**D`` grid.
        intermediate_per_axis: cells per axis of the intermediate latents.
        latent_channels: of the (global, intermediate, local) latents.
        width: of the local MLPs.
        sine_layers: of the local MLPs, the first included.
        w0: frequency factor of every sine layer.
        inner_rates: arguments of `InnerRates`, step sizes of the latents ``global``,
            ``intermediate`` and ``local``.
        smoothness_weight: lambda of the smoothness term, in the inner and the outer loss.
        relu: whether the latent generator has its rectifiers.
        open_start: whether those are open at the zero latent before training.
        gamma, residual: ReLIFT's changes to the local MLPs; off by default.
        fused_channels: of the fused latent Z-alpha; the paper's are those of the local latents, so
            that a region's network is told no more numbers than its own latent has.
        attention_layers: among the fused latents of all regions; the paper has none.

    Raises:
        ValueError: the regions do not divide the resolution, or the grids do not divide.
    """

    def __init__(
        self,
        domain: Domain,
        *,
        regions_per_axis: Count,
        intermediate_per_axis: Count,
        latent_channels: tuple[Count, Count, Count],
        width: Count,
        sine_layers: Count,
        w0: Positive,
        inner_rates: RateSettings,
        smoothness_weight: NonNegative,
        relu: bool,
        open_start: bool = False,
        gamma: Positive = 1.0,
        residual: bool = False,
        fused_channels: Count | None = None,
        attention_layers: Annotated[int, Field(ge=0)] = 0,
    ) -> None:
        super().__init__()
        if domain.resolution % regions_per_axis:
            raise ValueError(
                f"regions_per_axis: {regions_per_axis} does not divide the resolution "
                f"{domain.resolution}; expected a divisor, so that regions hold equal grids"
            )
        if regions_per_axis % intermediate_per_axis:
            raise ValueError(
                f"intermediate_per_axis: {intermediate_per_axis} does not divide "
                f"regions_per_axis {regions_per_axis}; expected a divisor"
            )
        self.domain = domain
        self.regions_per_axis = regions_per_axis
        self.latent_channels = latent_channels
        self.fused_channels = fused_channels or latent_channels[2]
        self.width = width
        self.smoothness_weight = smoothness_weight
        self.sizes = (1, intermediate_per_axis, regions_per_axis)
        self.generator = LatentGenerator(
            (intermediate_per_axis, regions_per_axis),
            latent_channels,
            self.fused_channels,
            width,
            sine_layers,
            relu,
            open_start,
            attention_layers,
            regions_per_axis**domain.dimensions,
        )
        self.local_mlps = regions.LocalMLPs(
            regions_per_axis**domain.dimensions,
            domain.dimensions,
            width,
            sine_layers,
            domain.channels,
            w0,
            gamma,
            residual,
        )
        if open_start:
            # Every shift starts at 1, which the sines' own biases take back.
            with torch.no_grad():
                for layer, bias in enumerate(self.local_mlps.biases[:-1]):
                    bias.sub_(1 if layer else 1 / gamma)  # gamma multiplies the first one
        self.rates = InnerRates(self.latent_shapes, **inner_rates)

    @property
    def latent_shapes(self) -> dict[str, tuple[int, ...]]:
        """Of one signal: ``(s, ..., s, d)`` at every scale."""
        scales = zip(SCALES, self.sizes, self.latent_channels, strict=True)
        dimensions = self.domain.dimensions
        return {name: (*[size] * dimensions, channels) for name, size, channels in scales}

    def zero_latent(self, batch: int) -> Latent:
        weight = self.generator.modulate.weight
        return {name: weight.new_zeros(batch, *s) for name, s in self.latent_shapes.items()}

    def inner_rates(self, step: int) -> Rates:
        return self.rates(step)

    def hidden_matrices(self) -> list[nn.Parameter]:
        return self.local_mlps.hidden_matrices()

    def regional_parameters(self) -> list[nn.Parameter]:
        return list(self.local_mlps.parameters())

    def locate(self, coords: Tensor) -> Query:
        local, slot = regions.locate(coords, self.regions_per_axis)
        return {"local": local, "slot": slot}

    def evaluate(self, latent: Latent, query: Query) -> Tensor:
        values = self.local_mlps(query["local"], self.generator(latent).unsqueeze(3))
        return regions.in_order(values, query["slot"])

    def penalty(self, latent: Latent) -> Tensor:
        if not self.smoothness_weight:
            return super().penalty(latent)
        return self.smoothness_weight * smoothness(self.generator.fuse(latent))

    def first_gradient(self, query: Query, values: Tensor) -> Latent | None:
        """At the zero latent all signals have one network, and the penalty no gradient.

        There every region has the same fused latent, whatever the weights are, so that the
        smoothness term is at its minimum.
        """
        local, slot = query["local"], query["slot"]
        batch, _, channels = values.shape
        if len(slot) > 1 or batch <= channels:
            return None
        shifts, pull_back = torch.func.vjp(self.generator, self.zero_latent(batch))[:2]
        layers, _, _, width = shifts.shape  # (L, B, M, W)

        def evaluate(shifts: Tensor) -> Tensor:
            return self.local_mlps(local, shifts.unflatten(-1, (layers, width)).movedim(-2, 0))

        shared = shifts[:, :1].permute(1, 2, 0, 3).flatten(2).unsqueeze(2)  # (1, M, 1, L*W)
        shared = shared.expand(-1, -1, local.shape[2], -1)
        gradient = shift_gradients(evaluate, shared, slot[0], values)
        return pull_back(gradient.unflatten(-1, (layers, width)).movedim(-2, 0))[0]

    def cost(self) -> Cost:
        """Closed form; ``docs/searches.md`` compares it with the paper's figures."""
        dimensions, width, channels = self.domain.dimensions, self.width, self.domain.channels
        coarse, middle, fine = self.latent_channels
        fused = self.fused_channels
        layers = self.generator.sine_layers
        cells = [size**dimensions for size in self.sizes]
        region_count, points = cells[2], self.domain.points

        attention = [m for m in self.generator.modules() if isinstance(m, RegionAttention)]
        attending = [layer.cost() for layer in attention]
        tokens_macs = sum(each.of_tokens for each in attending)
        hidden = (layers - 1) * width * width + width * channels
        field_biases = layers * width + channels
        field_parameters = region_count * (dimensions * width + hidden + field_biases)
        generator_macs = (
            cells[1] * (coarse + middle) * middle
            + cells[2] * (middle + fine) * fused
            + cells[2] * fused * layers * width
            + sum(each.of_weights for each in attending)
            + tokens_macs
        )
        generator_biases = (
            cells[1] * middle
            + cells[2] * (fused + layers * width)
            + sum(each.bias_adds for each in attending)
        )
        macs = points * (dimensions * width + hidden) + generator_macs
        # A latent's gradient flows back through every matrix product except the first layer's,
        # whose input is a coordinate; through both sides of a product of tokens.
        encode = 3 * (macs + points * hidden + generator_macs + tokens_macs)
        generator_parameters = (
            (coarse + middle + 1) * middle
            + (middle + fine + 1) * fused
            + (fused + 1) * layers * width
            + sum(p.numel() for layer in attention for p in layer.parameters())
        )
        return Cost(
            parameters=field_parameters + generator_parameters,
            inference_parameters=field_parameters + region_count * layers * width,
            latent_floats=sum(
                cell * size for cell, size in zip(cells, self.latent_channels, strict=True)
            ),
            macs=macs,
            bias_adds=points * field_biases + generator_biases,
            encode_macs=encode,
            rate_parameters=self.rates.count,
        )
