"""Places of a region as cells: told apart by what they draw, and nothing lost on the way."""

import pytest
import torch

from lift import LIFT, Domain
from lift.diffusion.fused import drawn, jacobian, some_fused
from lift.diffusion.geometry import geometry_of
from lift.diffusion.places import apart, folded, of_places, places_shape, unfolded
from tests.lift.fields import IMAGES, VOXELS, latents_of, small_lift


def small(domain: Domain = IMAGES) -> LIFT:
    """Eight channels a region: two or one in each of its places."""
    return small_lift(domain, latent_channels=(5, 4, 8), open_start=True)


def seeded(*shape: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def test_places_of_a_region_become_cells_in_row_major_order():
    regions = torch.arange(2 * 2 * 8).reshape(1, 2, 2, 8)
    expected = [[0, 2, 8, 10], [4, 6, 12, 14], [16, 18, 24, 26], [20, 22, 28, 30]]
    assert unfolded(regions, 2)[0, ..., 0].tolist() == expected


@pytest.mark.parametrize("shape", [(3, 4, 4, 12), (2, 2, 2, 2, 16)])
def test_folding_undoes_unfolding(shape):
    regions = seeded(*shape)
    grid = unfolded(regions, 2)
    assert grid.shape == (
        shape[0],
        *[2 * size for size in shape[1:-1]],
        shape[-1] >> len(shape) - 2,
    )
    torch.testing.assert_close(folded(grid, 2), regions, rtol=0, atol=0)


def test_places_that_a_latent_mixes_are_told_apart():
    # Each place draws amplitudes of the same patterns; the latent is a rotation of all amplitudes.
    places, values, channels = 4, 12, 3
    patterns = torch.linalg.qr(seeded(values, channels))[0]
    mixed = torch.linalg.qr(seeded(places * channels, places * channels, seed=1))[0]
    changes = torch.stack([patterns @ part for part in mixed.split(channels)])
    turn = apart(changes, channels)
    torch.testing.assert_close(turn @ turn.T, torch.eye(len(turn), dtype=turn.dtype))
    told = (changes @ turn).unflatten(-1, (places, channels))  # (place, value, its place, channel)
    for place in range(places):
        assert told[place].square().sum((0, 2)).argmax() == place
        torch.testing.assert_close(told[place][:, place], told[0][:, 0])  # alike in every place
        others = told[place].square().sum() - told[place][:, place].square().sum()
        assert others < 1e-12


def test_a_jacobian_by_place_is_what_each_place_draws(functaset_of):
    field = small()
    changes = jacobian(field, some_fused(field, functaset_of(field)))
    found = of_places(field, changes, 2)
    side = IMAGES.resolution // field.regions_per_axis
    place = changes.unflatten(3, (-1, side)).unflatten(2, (-1, side))[
        :, :, :, side // 2 :, :, : side // 2
    ]
    expected = place.mean((1, 2, 4)).flatten(1).T  # below on the left: the third of four
    torch.testing.assert_close(found[2], expected)


@pytest.mark.parametrize("domain", [IMAGES, VOXELS])
def test_a_latent_seen_by_places_renders_what_it_did(domain, functaset_of):
    field = small(domain)
    geometry = geometry_of("fused", field, functaset_of(field), 2)
    latent = latents_of(field)
    seen = geometry.see(latent)
    assert seen.shape[1:] == geometry.shape == places_shape(field, 2)
    assert seen.square().mean().item() == pytest.approx(1, rel=0.2)
    with torch.no_grad():
        rendered = field.render(geometry.latent(seen))
        torch.testing.assert_close(rendered, field.render(latent), rtol=1e-4, atol=1e-3)


def test_what_is_seen_of_all_places_is_uncorrelated_with_mean_square_one(functaset_of):
    field = small()
    seen = drawn(field, functaset_of(field), 2).see(latents_of(field)).flatten(0, -2).double()
    second = seen.T @ seen / len(seen)
    assert second.trace().item() / len(second) == pytest.approx(1, rel=1e-2)
    between = second - second.diagonal().diag()
    assert between.abs().max() < 1e-2 * second.diagonal().max()


@pytest.mark.parametrize("places", [3, 4])
def test_a_region_that_does_not_divide_is_refused(places):
    with pytest.raises(ValueError, match=f"places: {places} along each axis of a region"):
        places_shape(small(), places)
