"""mNIF: each signal's network is a mixture of implicit bases, mixed in weight space.

You et al., NeurIPS 2023 (arXiv 2310.19464), as its released code computes images and voxels.
"""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn

from baselines.coordinates import published_coordinates
from lift import siren
from lift.field import Cost, Domain, Latent, NeuralField, Query, Rates
from lift.meta.rates import InnerRates, RateSettings
from lift.ranges import Count, Positive


class MNIF(NeuralField):
    """M sine networks of one shape, whose weights are averaged with a signal's coefficients.

    ``W_l = sum_m a_(m,l) W_l^(m)``, ``b_l = sum_m a_(m,l) b_l^(m)``, ``h_l = sin(w0 (W_l h_(l-1)
    + b_l))`` in every layer, the output's too; ``a`` is a linear map of the latent. The released
    code works on ``[-1, 1]``: its output ``s`` becomes ``(s + 1) / 2``.

    The released inner loss is the mean over the whole batch on ``[-1, 1]``, hence ``4 / B`` times
    the gradient of this project's loss; the rates' ``scale`` carries that factor, and the learned
    rates, clamped to ``[0, 1]``, keep their published meaning.

    Args:
        domain: the grid of the signals.
        width: of the hidden layers.
        depth: hidden ``W -> W`` layers: the networks have ``depth + 2`` linear layers.
        bases: M, the networks that are mixed.
        latent: floats of a signal's latent.
        w0: frequency factor of every sine layer.
        inner_rates: arguments of `InnerRates` for the latent ``global``; published: learned, one a
            coordinate, from a uniform distribution, clamped to ``[0, 1]``.
    """

    def __init__(
        self,
        domain: Domain,
        *,
        width: Count,
        depth: Count,
        bases: Count,
        latent: Count,
        w0: Positive,
        inner_rates: RateSettings,
    ) -> None:
        super().__init__()
        self.domain = domain
        self.w0 = w0
        sizes = [domain.dimensions] + [width] * (depth + 1) + [domain.channels]
        shapes = list(itertools.pairwise(sizes))
        self.weights = nn.ParameterList(torch.empty(bases, o, i) for i, o in shapes)
        self.biases = nn.ParameterList(torch.empty(bases, o) for _, o in shapes)
        siren.first_layer_(self.weights[0], domain.dimensions)
        for weight in self.weights[1:]:
            siren.hidden_layer_(weight, width, w0)
        for bias, (fan_in, _) in zip(self.biases, shapes, strict=True):
            siren.default_bias_(bias, fan_in)
        self.coefficients = nn.Linear(latent, bases * len(shapes))
        nn.init.constant_(self.coefficients.bias, 1 / bases)  # at zero: the average of the bases
        self.rates = InnerRates({"global": (latent,)}, **inner_rates)

    def zero_latent(self, batch: int) -> Latent:
        weight = self.coefficients.weight
        return {"global": weight.new_zeros(batch, weight.shape[1])}

    def inner_rates(self, step: int) -> Rates:
        return self.rates(step)

    def hidden_matrices(self) -> list[nn.Parameter]:
        return list(self.weights)[1:-1]

    def locate(self, coords: Tensor) -> Query:
        return {"coords": published_coordinates(coords, self.domain)}

    def evaluate(self, latent: Latent, query: Query) -> Tensor:
        batch = len(latent["global"])
        # The frequency factor scales the few coefficients instead of every activation.
        mixture = self.w0 * self.coefficients(latent["global"].unsqueeze(1))
        mixture = mixture.view(batch, -1, len(self.weights))
        h = query["coords"].expand(batch, -1, -1)
        for layer, (weights, biases) in enumerate(zip(self.weights, self.biases, strict=True)):
            a = mixture[:, :, layer]
            weight = (a @ weights.flatten(1)).view(batch, *weights.shape[1:])
            bias = (a @ biases).unsqueeze(1)
            h = torch.sin(torch.bmm(h, weight.transpose(1, 2)) + bias)
        return (h + 1) / 2

    @property
    def mixing_macs(self) -> int:
        """Multiply-adds that average the bases once, M for every weight and bias."""
        return sum(tensor.numel() for tensor in (*self.weights, *self.biases))

    def cost(self) -> Cost:
        """Closed form; at the released sizes it gives the papers' figures.

        ``macs`` follows the tables in leaving out `mixing_macs`; ``encode_macs`` contains them,
        once a forward and once a gradient.
        """
        bases = len(self.weights[0])
        points = self.domain.points
        weights = sum(weight[0].numel() for weight in self.weights)
        biases = sum(bias[0].numel() for bias in self.biases)
        # Unlike a shift's, a mixed weight's gradient is one more product in every layer; the
        # gradient with respect to activations skips the first layer, whose input is a coordinate.
        backward = points * (2 * weights - self.weights[0][0].numel())
        coefficients = self.coefficients.weight.numel()
        macs = points * weights + coefficients
        return Cost(
            parameters=sum(p.numel() for p in self.parameters()) - self.rates.count,
            inference_parameters=self.mixing_macs // bases,
            latent_floats=self.coefficients.weight.shape[1],
            macs=macs,
            bias_adds=points * biases + self.coefficients.bias.numel(),
            encode_macs=3 * (macs + backward + coefficients + 2 * self.mixing_macs),
            mixing_macs=self.mixing_macs,
            rate_parameters=self.rates.count,
        )
