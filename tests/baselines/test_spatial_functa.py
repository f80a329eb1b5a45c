"""Spatial Functa: what its readings promise, and the sizes of its published rows.

No released code exists to compare with; a plain pixel-by-pixel computation stands in for it.
"""

import pytest
import torch

from baselines.spatial_functa import SpatialFuncta, binary_code, corner_weights
from lift.field import Domain
from tests.baselines.rates import META_SGD

IMAGE = Domain(2, 8, 3)


def small(domain: Domain = IMAGE, **settings) -> SpatialFuncta:
    torch.manual_seed(0)
    defaults = {
        "width": 16,
        "depth": 4,
        "cells": 4,
        "latent_channels": 5,
        "w0": 10.0,
        "inner_rates": META_SGD,
    }
    return SpatialFuncta(domain, **(defaults | settings))


def random_latent(field: SpatialFuncta, batch: int) -> dict[str, torch.Tensor]:
    return {"local": torch.randn_like(field.zero_latent(batch)["local"])}


def test_a_pixel_touches_exactly_its_own_cell() -> None:
    field = small()
    latent = random_latent(field, 1)["local"].requires_grad_()
    rendered = field.render({"local": latent})
    for row in range(8):
        for column in range(8):
            value = rendered[0, row, column].sum()
            (gradient,) = torch.autograd.grad(value, latent, retain_graph=True)
            touched = gradient[0].abs().sum(-1).nonzero().tolist()
            assert touched == [[row // 2, column // 2]]


def test_a_voxel_touches_exactly_its_own_cell() -> None:
    field = small(Domain(3, 4, 1), cells=2)
    latent = random_latent(field, 1)["local"].requires_grad_()
    value = field.render({"local": latent})[0, 3, 0, 1].sum()
    (gradient,) = torch.autograd.grad(value, latent)
    assert gradient[0].abs().sum(-1).nonzero().tolist() == [[1, 0, 0]]


def test_a_wider_kernel_reaches_the_neighbouring_cells() -> None:
    field = small(kernel=3)
    latent = random_latent(field, 1)["local"].requires_grad_()
    value = field.render({"local": latent})[0, 0, 0].sum()
    (gradient,) = torch.autograd.grad(value, latent)
    touched = gradient[0].abs().sum(-1).nonzero().tolist()
    assert touched == [[0, 0], [0, 1], [1, 0], [1, 1]]


def test_nearest_reading_equals_one_pixel_at_a_time() -> None:
    field = small()
    latent = random_latent(field, 2)
    shifts = (
        torch.einsum("brci,oi->brco", latent["local"], field.shift_map.weight.flatten(1))
        + field.shift_map.bias
    )
    rendered = field.render(latent)
    for row, column in [(0, 0), (3, 6), (7, 7)]:
        shift = shifts[:, row // 2, column // 2]
        # A cell holds 2 x 2 pixels, whose centres lie at 1/4 and 3/4 of it.
        h = torch.tensor([row % 2, column % 2]) / 2 + 0.25
        h = h.expand(2, 2)
        for layer in range(3):
            weight, bias = field.siren.weights[layer], field.siren.biases[layer]
            h = torch.sin(10 * (h @ weight.T + bias + shift[:, 16 * layer : 16 * (layer + 1)]))
        value = h @ field.siren.weights[3].T + field.siren.biases[3] + 0.5
        torch.testing.assert_close(rendered[:, row, column], value, atol=1e-5, rtol=1e-5)


def test_bilinear_reading_of_a_constant_latent_does_not_depend_on_the_cell() -> None:
    field = small(reading="bilinear")
    latent = torch.randn(1, 1, 1, 5).expand(2, 4, 4, 5)
    one_cell = small(reading="bilinear", cells=1)
    one_cell.load_state_dict(
        {**field.state_dict(), "rates.local": one_cell.rates.get_parameter("local")}
    )
    expected = one_cell.render({"local": latent[:, :1, :1]})
    torch.testing.assert_close(field.render({"local": latent}), expected, atol=1e-5, rtol=1e-5)


def test_bilinear_weights_are_those_of_the_cell_centres() -> None:
    coords = torch.tensor([[[0.125, 0.375], [0.25, 0.5], [0.0, 1.0]]])
    cell, weight = corner_weights(coords, cells=4)
    dense = torch.zeros(3, 16).scatter_add_(1, cell[0], weight[0]).view(3, 4, 4)
    assert dense[0, 0, 1] == 1  # a cell's centre reads that cell alone
    assert dense[1, 0:2, 1:3].tolist() == [[0.25, 0.25], [0.25, 0.25]]  # a corner of four cells
    assert dense[2, 0, 3] == 1  # beyond the outermost centres: constant


def test_bilinear_pixel_coordinates_are_the_index_in_binary() -> None:
    code = binary_code(Domain(2, 8, 3).grid(), resolution=8, bits=3)
    assert code.shape == (1, 64, 6)
    assert code[0, 8 * 5 + 3].tolist() == [1, 0, 1, 0, 1, 1]
    assert small(Domain(2, 32, 3), reading="bilinear").siren.weights[0].shape == (16, 10)


@pytest.mark.parametrize(
    ("setting", "message"),
    [({"kernel": 2}, "expected an odd size"), ({"reading": "cubic"}, "'nearest' or 'bilinear'")],
)
def test_impossible_settings_are_refused(setting: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        small(**setting)


CIFAR10 = {
    "width": 256,
    "depth": 6,
    "cells": 8,
    "latent_channels": 16,
    "w0": 10.0,
    "inner_rates": META_SGD,
}


def test_cifar10_row_has_0_271_g_operations() -> None:
    field = SpatialFuncta(Domain(2, 32, 3), **CIFAR10)
    cost = field.cost()
    network = field.siren.weight_count + field.siren.bias_count
    assert network == 264_707
    assert (cost.parameters, cost.rate_parameters) == (286_467, 1024)
    # The network with its biases, without the latent map ...
    assert round(network * 1024 / 1e9, 3) == 0.271
    # ... and all matrix products without biases print the same figure.
    assert round(cost.macs / 1e9, 3) == 0.271
    assert cost.latent_floats == 1024


def test_depth_8_gives_the_424_963_weights_that_the_425_k_of_another_paper_fits() -> None:
    field = SpatialFuncta(Domain(2, 32, 3), **(CIFAR10 | {"depth": 8}))
    siren = field.siren
    assert siren.weight_count + siren.bias_count + field.shift_map.weight.numel() == 424_963


def test_interpolated_shifts_have_their_multiply_adds_named() -> None:
    """Four cells for each of 5 x 256 shifts a pixel on CIFAR-10: 5,120, 1.9 % of the others."""
    with torch.device("meta"):
        nearest = SpatialFuncta(Domain(2, 32, 3), **CIFAR10).cost()
        bilinear = SpatialFuncta(Domain(2, 32, 3), reading="bilinear", **CIFAR10).cost()
    assert nearest.interpolation_macs == 0
    assert bilinear.interpolation_macs == 1024 * 5120
    assert bilinear.interpolation_macs / bilinear.macs == pytest.approx(0.019, abs=5e-4)
