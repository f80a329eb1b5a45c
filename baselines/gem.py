"""GEM's field: a hypernetwork predicts all weights of a ReLU network on sine features.

Du et al., NeurIPS 2021 (arXiv 2111.06387). The paper trains an auto-decoder: one free latent a
training signal, by gradient descent together with the networks. Here is the field with its
hypernetwork, and its reconstruction term. Left out are the two terms that shape the manifold of
latents for sampling (locally linear reconstruction of a latent from its neighbours, and isometry
between latent and signal distances), the sampling, and an MLP that the released code builds and
never uses.

Occupancy is fitted in the mean square like every signal here, by cross entropy there.

How the paper encodes test signals is not released. Here a signal is encoded as by every method of
this project: a few gradient steps on its latent, from zero, at one fixed rate.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from baselines.coordinates import published_coordinates
from lift import siren
from lift.field import Cost, Domain, Latent, NeuralField, Query, Rates
from lift.meta.rates import InnerRates, RateSettings
from lift.ranges import Count, Positive

OUTPUTS = {"sigmoid": torch.sigmoid, "tanh": lambda x: (torch.tanh(x) + 1) / 2}


class LowRankHypernetwork(nn.Module):
    """From a latent to one matrix and one bias a layer of another network.

    An MLP (four ReLU layers and a linear one, all as wide as the latent), then for each tensor a
    head of one ReLU layer and a linear one. Matrices are ``W = base * sigmoid(U V)`` with ``U V``
    of low rank; biases are predicted directly.

    Args:
        latent: floats of a signal's latent.
        shapes: (inputs, outputs) of each layer of the other network.
        rank: of ``U V``.
    """

    def __init__(self, latent: int, shapes: Sequence[tuple[int, int]], rank: int) -> None:
        super().__init__()
        self.shapes = tuple(shapes)
        self.rank = rank
        self.trunk = mlp([latent] * 6)
        self.weight_heads = nn.ModuleList(mlp([latent, latent, rank * (i + o)]) for i, o in shapes)
        self.bias_heads = nn.ModuleList(mlp([latent, latent, o]) for _, o in shapes)
        self.bases = nn.ParameterList(torch.empty(o, i) for i, o in shapes)
        for base in self.bases[:-1]:
            siren.default_bias_(base, base.shape[1])  # PyTorch's default for weights is the same
        nn.init.xavier_normal_(self.bases[-1])

    def forward(self, latent: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Matrices ``(B, out, in)`` and biases ``(B, 1, out)`` from a latent ``(B, 1, H)``."""
        z = self.trunk(latent)
        layers = []
        heads = zip(self.shapes, self.bases, self.weight_heads, self.bias_heads, strict=True)
        for (inputs, outputs), base, weight_head, bias_head in heads:
            u, v = weight_head(z).split([outputs * self.rank, inputs * self.rank], dim=-1)
            gate = torch.bmm(u.view(-1, outputs, self.rank), v.view(-1, self.rank, inputs))
            layers.append((base * torch.sigmoid(gate), bias_head(z)))
        return layers

    @property
    def linear_weight_count(self) -> int:
        """Entries of all matrices of the MLP and the heads: multiply-adds of one latent."""
        return sum(m.weight.numel() for m in self.modules() if isinstance(m, nn.Linear))

    @property
    def linear_bias_count(self) -> int:
        """Entries of all biases of the MLP and the heads."""
        return sum(m.bias.numel() for m in self.modules() if isinstance(m, nn.Linear))


class GEM(NeuralField):
    """``[sin, cos](w0 (W x + b))``, ReLU layers, a linear layer and a squashing function.

    Args:
        domain: the grid of the signals.
        width: of the hidden layers; the first one has a sine and a cosine of each unit.
        depth: ReLU layers.
        latent: floats of a signal's latent.
        rank: of the hypernetwork's predictions for matrices.
        w0: frequency factor of the first layer.
        output: what bounds the output: ``"sigmoid"`` (published for occupancy) or ``"tanh"``
            (published for images in ``[-1, 1]``, here moved to ``[0, 1]``).
        inner_rates: arguments of `InnerRates` for the latent ``global``; ours, for no published
            procedure has one.

    Raises:
        ValueError: an unknown output.
    """

    def __init__(
        self,
        domain: Domain,
        *,
        width: Count,
        depth: Count,
        latent: Count,
        rank: Count,
        w0: Positive,
        output: Literal["sigmoid", "tanh"],
        inner_rates: RateSettings,
    ) -> None:
        super().__init__()
        if output not in OUTPUTS:
            raise ValueError(f"output: {output!r}, expected one of {', '.join(OUTPUTS)}")
        self.domain = domain
        self.latent = latent
        self.w0 = w0
        self.output = OUTPUTS[output]
        sizes = [2 * width] + [width] * depth + [domain.channels]
        shapes = [(domain.dimensions, width), *itertools.pairwise(sizes)]
        self.hypernetwork = LowRankHypernetwork(latent, shapes, rank)
        self.rates = InnerRates({"global": (latent,)}, **inner_rates)

    def zero_latent(self, batch: int) -> Latent:
        return {"global": next(self.hypernetwork.parameters()).new_zeros(batch, self.latent)}

    def inner_rates(self, step: int) -> Rates:
        return self.rates(step)

    def locate(self, coords: Tensor) -> Query:
        return {"coords": published_coordinates(coords, self.domain)}

    def evaluate(self, latent: Latent, query: Query) -> Tensor:
        (weight, bias), *hidden, last = self.hypernetwork(latent["global"].unsqueeze(1))
        coords = query["coords"].expand(len(weight), -1, -1)
        phase = self.w0 * (torch.bmm(coords, weight.transpose(1, 2)) + bias)
        h = torch.cat([torch.sin(phase), torch.cos(phase)], dim=-1)
        for weight, bias in hidden:
            h = torch.relu(torch.bmm(h, weight.transpose(1, 2)) + bias)
        weight, bias = last
        return self.output(torch.bmm(h, weight.transpose(1, 2)) + bias)

    def cost(self) -> Cost:
        """Closed form; the notes in ``config/methods/gem.yaml`` say which printed figures it gives.

        The published 99.0 M adds one latent a training signal (29,000 in CelebA-HQ) and the
        unused MLP; both belong to the training run, not to the field.
        """
        hypernetwork, points = self.hypernetwork, self.domain.points
        weights = sum(i * o for i, o in hypernetwork.shapes)
        biases = sum(o for _, o in hypernetwork.shapes)
        first = hypernetwork.shapes[0][0] * hypernetwork.shapes[0][1]
        low_rank = hypernetwork.rank * weights
        linear = hypernetwork.linear_weight_count
        macs = points * weights + low_rank + linear
        # A product's gradient takes two more: one for each factor, except towards coordinates
        # and towards the hypernetwork's own parameters.
        backward = points * (2 * weights - first) + 2 * low_rank + linear
        return Cost(
            parameters=sum(p.numel() for p in self.parameters()) - self.rates.count,
            inference_parameters=weights + biases,
            latent_floats=self.latent,
            macs=macs,
            bias_adds=points * biases + hypernetwork.linear_bias_count,
            encode_macs=3 * (macs + backward),
            rate_parameters=self.rates.count,
        )


def mlp(sizes: Sequence[int]) -> nn.Sequential:
    """Linear layers with rectifiers between them, initialised as in GEM's released code."""
    layers: list[nn.Module] = []
    for inputs, outputs in itertools.pairwise(sizes):
        linear = nn.Linear(inputs, outputs)
        nn.init.kaiming_normal_(linear.weight, nonlinearity="relu")
        nn.init.normal_(linear.bias, std=1e-2)
        layers += [linear, nn.ReLU()]
    return nn.Sequential(*layers[:-1])
