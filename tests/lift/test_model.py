"""LIFT as a field: sizes of the paper's tables, resolutions, bad settings."""

import pytest
import torch

from benchmarks.settings.method import published_settings
from lift import LIFT, Domain
from tests.lift.fields import random_latent, small_lift

DOMAINS = {
    "celebahq64": Domain(2, 64, 3),
    "shapenet64": Domain(3, 64, 1),
    "cifar10": Domain(2, 32, 3),
}


def published(dataset: str) -> LIFT:
    with torch.device("meta"):
        return LIFT(DOMAINS[dataset], **published_settings("lift", dataset).field)


def test_shapenet_size_is_the_printed_one():
    cost = published("shapenet64").cost()
    assert cost.parameters == 8_766_464
    assert cost.macs == pytest.approx(4.382e9, rel=2e-4)
    assert cost.latent_floats == 41_216


def test_celeba_size_is_within_one_and_a_half_percent_of_the_printed_one():
    cost = published("celebahq64").cost()
    assert cost.parameters == pytest.approx(0.915e6, rel=0.015)
    assert cost.macs == pytest.approx(54.52e6, rel=0.015)
    assert cost.inference_parameters == pytest.approx(839.0e3, rel=0.002)
    assert cost.latent_floats == 6_400


def test_cifar_macs_are_within_one_percent_of_the_printed_ones():
    cost = published("cifar10").cost()
    assert cost.macs == pytest.approx(0.136e9, rel=0.01)
    assert cost.macs + cost.bias_adds == pytest.approx(0.136e9, rel=0.01)


@pytest.mark.parametrize("dataset", DOMAINS)
def test_closed_form_parameters_are_those_of_the_module(dataset):
    field = published(dataset)
    cost = field.cost()
    learned = sum(p.numel() for p in field.parameters())
    assert cost.parameters + cost.rate_parameters == learned


def test_closed_form_parameters_count_a_wide_fusion_and_attention():
    field = small_lift(fused_channels=32, attention_layers=2)
    cost = field.cost()
    learned = sum(p.numel() for p in field.parameters())
    assert cost.parameters + cost.rate_parameters == learned


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_rendering_equals_evaluating_the_grids_coordinates(float64, dimensions):
    field = small_lift(Domain(dimensions, 8, 2))
    latent = random_latent(field, 2)
    grid = field.domain.grid(12)
    rendered = field.render(latent, 12)
    assert rendered.shape == (2, *[12] * dimensions, 2)
    order = torch.randperm(grid.shape[1], generator=torch.Generator().manual_seed(0))
    shuffled = field(latent, grid[:, order].expand(2, -1, -1))
    assert torch.allclose(rendered.flatten(1, -2)[:, order], shuffled, atol=1e-12)


def test_a_field_renders_above_its_own_resolution():
    field = small_lift()
    latent = random_latent(field, 1)
    assert field.render(latent, 32).shape == (1, 32, 32, 3)
    # The centres of an odd multiple of the grid hold the grid's own centres.
    assert torch.allclose(field.render(latent, 24)[:, 1::3, 1::3], field.render(latent), atol=1e-5)


def test_regions_must_divide_the_resolution():
    with pytest.raises(ValueError, match=r"regions_per_axis: 3 does not divide the resolution 8"):
        small_lift(regions_per_axis=3)


def test_latent_grids_must_divide():
    with pytest.raises(ValueError, match=r"intermediate_per_axis: 3 does not divide"):
        small_lift(intermediate_per_axis=3)
