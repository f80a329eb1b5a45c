"""The partition of the domain, and the batched networks of its regions."""

import pytest
import torch

from lift import Domain, regions
from tests.lift.fields import random_latent, small_lift


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_every_grid_point_has_a_slot_of_its_own_in_its_region(dimensions):
    domain = Domain(dimensions, 8, 1)
    local, slot = regions.locate(domain.grid(), 4)
    assert local.shape == (1, 4**dimensions, 2**dimensions, dimensions)
    assert sorted(slot[0].tolist()) == list(range(8**dimensions))
    # Two pixel centres a region and axis: at -1/2 and 1/2 of its local [-1, 1].
    assert local.abs().unique().tolist() == [0.5]


def test_local_coordinates_of_known_points():
    coords = torch.tensor([[[0.0, 0.0], [0.999999, 0.7], [0.5, 1.0]]])
    local, slot = regions.locate(coords, 2)
    assert local.shape == (1, 4, 2, 2)  # the fullest region, number 3, holds two of the points
    flat = local.reshape(-1, 2)
    assert torch.allclose(flat[slot[0, 0]], torch.tensor([-1.0, -1.0]))
    assert torch.allclose(flat[slot[0, 1]], torch.tensor([1.0, -0.2]), atol=1e-5)
    assert torch.allclose(flat[slot[0, 2]], torch.tensor([-1.0, 1.0]))
    assert (slot[0] // 2).tolist() == [0, 3, 3]


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_batched_networks_equal_one_network_at_a_time(float64, dimensions):
    field = small_lift(Domain(dimensions, 8, 2))
    latent = random_latent(field, 3)
    coords = torch.rand(3, 40, dimensions, generator=torch.Generator().manual_seed(0))
    shifts = field.generator(latent)
    expected = torch.empty(3, 40, 2)
    for b in range(3):
        for n in range(40):
            cell = (coords[b, n] * 4).floor()
            index = 0
            for c in cell.tolist():
                index = index * 4 + int(c)
            h = 2 * (coords[b, n] * 4 - cell) - 1
            for layer in range(3):
                w, bias = field.local_mlps.weights[layer], field.local_mlps.biases[layer]
                h = torch.sin(30 * (h @ w[index] + bias[index, 0] + shifts[layer, b, index]))
            w, bias = field.local_mlps.weights[-1], field.local_mlps.biases[-1]
            expected[b, n] = h @ w[index] + bias[index, 0]
    assert torch.allclose(field(latent, coords), expected, atol=1e-12)


def test_padding_carries_neither_values_nor_gradients(float64):
    field = small_lift()
    latent = random_latent(field, 1)
    crowded = torch.rand(1, 30, 2, generator=torch.Generator().manual_seed(0)) / 4
    lonely = torch.tensor([[[0.9, 0.9]]])
    both = field(latent, torch.cat([crowded, lonely], 1))
    assert torch.allclose(both[:, -1:], field(latent, lonely), atol=1e-12)
    both.sum().backward()
    last_region = field.local_mlps.weights[-1].grad[15]
    field.zero_grad()
    field(latent, lonely).sum().backward()
    assert torch.allclose(last_region, field.local_mlps.weights[-1].grad[15], atol=1e-12)
