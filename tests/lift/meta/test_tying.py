"""Regions that share one network for a while."""

import pytest
import torch

from baselines.functa import Functa
from lift import Domain, adapt
from lift.meta.config import FitConfig
from lift.meta.inner import squared_error
from lift.meta.optimisers import Optimisers
from lift.meta.outer import meta_step
from lift.meta.tying import bring_together, tie, untie
from tests.lift.fields import small_lift

SETTINGS = FitConfig(
    inner_steps=2, gradient="unrolled", batch=3, steps=9, rate=1e-3, schedule="constant",
    clip=None, latent_noise=0.0, stride=1, muon_rate=1e-3,
)  # fmt: skip


def stepped(field, optimisers, steps=2):
    query = field.locate(field.domain.grid())
    values = torch.rand(3, 64, 3, generator=torch.Generator().manual_seed(1))
    for _ in range(steps):
        meta_step(field, 2, "unrolled")(query, values, None)
        optimisers.step(1.0)
    latent = adapt(field, query, values, 2)
    return squared_error(field, latent, query, values)


def test_untying_changes_no_value_and_gives_every_region_its_own(float64):
    field = small_lift()
    tie(field)
    assert all(len(parameter) == 1 for parameter in field.regional_parameters())
    optimisers = Optimisers(field, SETTINGS)
    before = stepped(field, optimisers)
    untie(field, 16, optimisers)
    after = stepped(field, optimisers, steps=0)
    torch.testing.assert_close(before, after, rtol=1e-12, atol=0)
    stepped(field, optimisers)
    weight = field.local_mlps.weights[1]
    assert weight.shape == (16, 8, 8)
    assert not torch.allclose(weight[0], weight[1])


def test_a_step_after_untying_is_no_larger_than_one_before(float64):
    field = small_lift()
    tie(field)
    optimisers = Optimisers(field, SETTINGS)
    stepped(field, optimisers, steps=5)
    before = field.local_mlps.biases[0].detach().clone()
    stepped(field, optimisers, steps=1)
    tied = (field.local_mlps.biases[0] - before).abs().max()
    untie(field, 16, optimisers)
    before = field.local_mlps.biases[0].detach().clone()
    stepped(field, optimisers, steps=1)
    assert (field.local_mlps.biases[0] - before).abs().max() <= tied


def test_a_tied_field_is_the_field_whose_regions_are_copies(float64):
    field, copies = small_lift(), small_lift()
    tie(field)
    for one, parameter in zip(
        field.regional_parameters(), copies.regional_parameters(), strict=True
    ):
        parameter.data.copy_(one.data.expand_as(parameter))
    grid, latent = field.domain.grid(), field.zero_latent(2)
    torch.testing.assert_close(field(latent, grid), copies(latent, grid), rtol=1e-12, atol=0)


def test_regions_brought_together_keep_their_mean_and_lose_a_share_of_the_rest(float64):
    field = small_lift()
    weight = field.local_mlps.weights[1]
    before = weight.detach().clone()
    bring_together(field, 0.25)
    mean = before.mean(0)
    torch.testing.assert_close(weight - mean, 0.75 * (before - mean), rtol=1e-12, atol=1e-15)


def test_a_field_without_regions_is_refused():
    rates = {"start": 1.0}
    field = Functa(Domain(2, 8, 3), width=8, depth=3, latent=4, w0=30.0, inner_rates=rates)
    with pytest.raises(ValueError, match="tied_steps: Functa has no regions"):
        tie(field)
