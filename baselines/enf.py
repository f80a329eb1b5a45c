"""ENF: a signal is a set of tokens with places, and a point attends to the tokens nearest to it.

Wessels, Knigge et al., 2024 (arXiv 2406.05753), in the form that MetaLF's released code compares
itself with; ``config/methods/enf.yaml`` says what each value rests on. A token's place counts
only relative to the point, so that moving tokens moves the signal.

T is the number of tokens, k that of the tokens a point attends to, H of heads.
"""

from __future__ import annotations

from torch import Tensor, nn

from baselines.tokens import FourierEmbedding, Neighbours, TokenField, dense, grid_of_places
from lift.field import Cost, Domain, Latent, Query
from lift.meta.rates import RateSettings
from lift.ranges import Count, Positive


class ENF(TokenField):
    """Cross-attention from relative places to tokens, once, then a linear layer.

    A ``pose`` is a place in ``[-1, 1]^D`` or beyond. Values are trained in ``[-1, 1]`` there, hence
    half the output and a half here.

    Args:
        domain: the grid of the signals.
        tokens_per_axis: of the grid that places start from; T is its power D.
        latent_channels: floats of a token's content.
        width: of values, and of the embeddings of relative places.
        heads: H.
        attention_width: of a query and a key in one head.
        nearest: k.
        frequencies: standard deviations that the frequencies of queries and of values start from.
        inner_rates: arguments of `InnerRates` for ``pose`` and ``content``.

    Raises:
        ValueError: the width is odd.
    """

    def __init__(
        self,
        domain: Domain,
        *,
        tokens_per_axis: Count,
        latent_channels: Count,
        width: Count,
        heads: Count,
        attention_width: Count,
        nearest: Count,
        frequencies: tuple[Positive, Positive],
        inner_rates: RateSettings,
    ) -> None:
        dimensions = domain.dimensions
        places = grid_of_places(tokens_per_axis, dimensions)
        super().__init__(domain, places, latent_channels, inner_rates)
        self.nearest, self.heads, self.width = nearest, heads, width
        self.window = dimensions / tokens_per_axis
        query_embedding = FourierEmbedding(dimensions, width, frequencies[0])
        value_embedding = FourierEmbedding(dimensions, width, frequencies[1])
        self.query = nn.Sequential(query_embedding, dense(width, heads * attention_width))
        self.modulation = nn.Sequential(value_embedding, dense(width, 2 * width))
        self.key = dense(latent_channels, heads * attention_width)
        self.value = dense(latent_channels, width)
        self.mix = nn.Sequential(dense(width, width), nn.GELU("tanh"), dense(width, heads * width))
        self.output = dense(heads * width, domain.channels)

    def evaluate(self, latent: Latent, query: Query) -> Tensor:
        content = self.start["content"] + latent["content"]
        near = Neighbours(query["places"], self.start["pose"] + latent["pose"], self.nearest)
        scale, shift = self.modulation(near.relative).chunk(2, dim=-1)
        keys, values = near.of(self.key(content)), near.of(self.value(content))
        values = self.mix(values * (1 + scale) + shift).unflatten(-1, (self.heads, -1))
        agreement = (self.query(near.relative) * keys).unflatten(-1, (self.heads, -1)).sum(-1)
        weights = (agreement - near.distance / self.window**2).softmax(dim=2)
        read = (weights.unsqueeze(-1) * values).sum(2).flatten(2)
        return (self.output(read) + 1) / 2

    def cost(self) -> Cost:
        """Closed form; attention's elementwise products stand in ``interpolation_macs``."""
        points, pairs = self.domain.points, self.domain.points * min(self.nearest, self.tokens)
        a_token, a_point = (self.key, self.value), (self.output,)
        a_pair = (self.query, self.modulation, self.mix)
        return self.total(
            [(self.tokens, a_token), (pairs, a_pair), (points, a_point)],
            read=(*a_pair, *a_point),
            stored=self.domain.dimensions + sum(layer.out_features for layer in a_token),
            elementwise=pairs * (self.key.out_features + self.heads * self.width),
        )
