"""Attention among regions starts as nothing, reaches everything, and can be trained through."""

import pytest
import torch

from lift.attention import RegionAttention
from tests.lift.fields import random_latent, small_lift


def test_it_starts_as_the_identity():
    tokens = torch.randn(2, 4, 32)
    assert torch.equal(RegionAttention(4, 32)(tokens), tokens)


def test_it_is_the_softmax_of_scaled_products(float64):
    layer = RegionAttention(3, 16)
    torch.nn.init.normal_(layer.leave.weight)
    tokens = torch.randn(1, 3, 16)
    seen = layer.norm(tokens)[0]
    query, key = layer.query_key(seen + layer.place).split(16, dim=-1)
    shares = torch.softmax(query @ key.T / 4, dim=-1)
    expected = tokens[0] + layer.leave(shares @ layer.value(seen))
    assert torch.allclose(layer(tokens)[0], expected, atol=1e-12)


def test_once_trained_a_local_latent_reaches_every_region(float64):
    field = small_lift(fused_channels=32, attention_layers=1, open_start=True)
    for layer in field.generator.attention:
        torch.nn.init.normal_(layer.leave.weight)
    latent = random_latent(field, 1)
    changed = {**latent, "local": latent["local"].clone()}
    changed["local"][0, 1, 2] += 1
    moved = (field.render(latent) != field.render(changed)).any(-1)[0]
    assert moved.unflatten(0, (4, 2)).unflatten(2, (4, 2)).any(3).any(1).all()


def test_its_second_derivative_is_that_of_differences(float64):
    layer = RegionAttention(3, 16)
    for weight in (layer.leave.weight, layer.feed_out.weight):
        torch.nn.init.normal_(weight)
    tokens = torch.randn(1, 3, 16, requires_grad=True)
    assert torch.autograd.gradgradcheck(lambda x: layer(x)[..., :2], tokens)


def test_a_width_that_heads_do_not_divide_is_refused():
    with pytest.raises(ValueError, match="fused_channels: 24, expected a multiple of 16"):
        small_lift(fused_channels=24, attention_layers=1)
