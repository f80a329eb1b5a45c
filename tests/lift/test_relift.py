"""ReLIFT alone and inside LIFT: what its two changes are, and what is left without them."""

import pytest
import torch

from lift import Domain
from lift.relift import ReLIFT
from tests.lift.fields import random_latent, small_lift


def network(**changes):
    torch.manual_seed(0)
    settings = {"width": 64, "hidden": 4, "first_w0": 30.0, "w0": 30.0, "gamma": 2.0}
    return ReLIFT(2, 3, **{**settings, **changes})


COORDS = torch.rand(50, 2, generator=torch.Generator().manual_seed(1)) * 2 - 1


def test_layers_by_hand():
    net = network(hidden=2)
    z0 = torch.sin(2.0 * 30.0 * net.first(COORDS))
    z1 = torch.sin(30.0 * net.hidden[0](z0)) + z0
    z2 = torch.sin(30.0 * net.hidden[1](z1)) + z1
    assert torch.equal(net(COORDS), net.last(z2))


def test_gamma_scales_the_frequencies_of_the_coordinates():
    """Scaling the domain is scaling the first layer, but for its biases."""
    one, two = network(gamma=1.0), network(gamma=2.0)
    with torch.no_grad():
        for net in (one, two):
            net.first.bias.zero_()
    assert torch.allclose(one(2 * COORDS), two(COORDS), atol=1e-5)


def test_the_second_layer_starts_as_small_as_in_the_papers_plot():
    """What a hidden layer's weights make of sines has standard deviation 1/30 with w0 = 30."""
    net = network(width=256)
    with torch.no_grad():
        sines = torch.sin(60 * net.first(torch.rand(2000, 2) * 2 - 1))
        z = sines @ net.hidden[0].weight.T
    assert z.std().item() == pytest.approx(1 / 30, rel=0.1)


def test_activations_grow_by_one_a_residual_layer():
    net = network(hidden=4)
    z = torch.sin(60 * net.first(COORDS))
    for layer, largest in zip(net.hidden, (2, 3, 4, 5), strict=True):
        z = torch.sin(30 * layer(z)) + z
        assert z.abs().max() <= largest


def test_lift_without_the_changes_is_lift():
    plain, same = small_lift(), small_lift(gamma=1.0, residual=False)
    latent, coords = random_latent(plain, 2), plain.domain.grid()
    assert torch.equal(plain(latent, coords), same(latent, coords))


def test_inside_lift_every_region_is_a_shifted_relift():
    field = small_lift(Domain(2, 8, 2), gamma=3.0, residual=True, smoothness_weight=0.0)
    latent = random_latent(field, 1)
    shifts = field.generator(latent)[:, 0]
    mlps, coords = field.local_mlps, field.domain.grid()
    values = field(latent, coords)[0]
    for n, point in enumerate(coords[0]):
        cell = (point * 4).floor()
        m = int(cell[0] * 4 + cell[1])
        local = 2 * (point * 4 - cell) - 1
        h = torch.sin(
            30 * (3.0 * (local @ mlps.weights[0][m] + mlps.biases[0][m, 0]) + shifts[0, m])
        )
        for layer in (1, 2):
            z = h @ mlps.weights[layer][m] + mlps.biases[layer][m, 0] + shifts[layer, m]
            h = torch.sin(30 * z) + h
        expected = h @ mlps.weights[3][m] + mlps.biases[3][m, 0]
        assert torch.allclose(values[n], expected, atol=1e-5)


def test_the_changes_add_no_parameters():
    plain, changed = small_lift(), small_lift(gamma=2.0, residual=True)
    assert plain.cost() == changed.cost()
    count = sum(p.numel() for p in network(width=8, hidden=2).parameters())
    assert count == (2 * 8 + 8) + 2 * (8 * 8 + 8) + (8 * 3 + 3)


@pytest.mark.parametrize("gamma", [1.0, 2.0, 4.0])
def test_an_open_start_leaves_sines_where_they_were_whatever_gamma(gamma):
    field = small_lift(gamma=gamma, residual=True, open_start=True, width=256)
    for layer, bias in enumerate(field.local_mlps.biases[:-1]):
        place = (1 if layer else gamma) * bias + 1  # at the region's centre, shifted by 1
        assert abs(place.mean()) < 0.1
