"""What a denoiser sees: standardised, invertible, and renderable."""

import numpy as np
import pytest
import torch

from baselines.functa import Functa
from baselines.spatial_functa import SpatialFuncta
from lift.diffusion.fused import drawn, jacobian, response, some_fused, standardised
from lift.diffusion.geometry import geometry_of
from lift.functaset import open_functaset, write_functaset
from tests.baselines.rates import META_SGD
from tests.lift.fields import IMAGES, SIGNALS, VOXELS, latents_of, small_lift


def functa() -> Functa:
    return Functa(
        IMAGES,
        width=8,
        depth=3,
        latent=6,
        w0=30.0,
        inner_rates=META_SGD,
    )


def spatial_functa() -> SpatialFuncta:
    return SpatialFuncta(
        IMAGES, width=8, depth=3, cells=4, latent_channels=3, w0=10.0, kernel=1,
        reading="nearest", inner_rates={**META_SGD, "scale": 1.0},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (functa, (6,)),
        (spatial_functa, (4, 4, 3)),
        (small_lift, (4, 4, 12)),
        (lambda: small_lift(VOXELS), (4, 4, 4, 12)),
    ],
)
def test_every_latent_has_a_way_there_and_back(make, shape, functaset_of):
    field = make()
    geometry = geometry_of("scales", field, functaset_of(field))
    latent = latents_of(field)
    seen = geometry.see(latent)
    assert geometry.shape == shape
    assert seen.shape == (SIGNALS, *shape)
    for name, value in geometry.latent(seen).items():
        torch.testing.assert_close(value, latent[name], rtol=1e-4, atol=1e-5)


def of_scales(field, functaset):
    return geometry_of("scales", field, functaset)


@pytest.mark.parametrize("view", [of_scales, standardised])
def test_what_is_seen_is_standardised(view, functaset_of):
    field = small_lift()
    seen = view(field, functaset_of(field)).see(latents_of(field)).flatten(0, -2)
    alive = seen.std(0) > 0  # a rectified channel may be zero everywhere
    assert alive.sum() >= 2
    torch.testing.assert_close(seen.mean(0), torch.zeros(seen.shape[1]), rtol=0, atol=1e-4)
    torch.testing.assert_close(seen.std(0)[alive], torch.ones(int(alive.sum())), rtol=0.05, atol=0)


def test_what_a_denoiser_sees_of_fused_latents_is_uncorrelated_with_mean_square_one(functaset_of):
    field = small_lift()
    seen = drawn(field, functaset_of(field)).see(latents_of(field)).flatten(0, -2).double()
    covariance = torch.cov(seen.T)
    assert covariance.trace().item() / len(covariance) == pytest.approx(1, rel=1e-3)
    between = covariance - covariance.diagonal().diag()
    assert between.abs().max() < 1e-3 * covariance.diagonal().max()


def test_axes_that_are_drawn_more_vary_more_by_the_square_root(functaset_of):
    # Undo the square root: a step in a direction then changes values by its length, all alike.
    field = small_lift(open_start=True)
    functaset = functaset_of(field)
    view = drawn(field, functaset)
    deviations = view.see(latents_of(field)).flatten(0, -2).std(0)
    fused = some_fused(field, functaset)
    change = view.inverse @ response(jacobian(field, fused)) @ view.inverse.T
    drawn_by = change.diagonal().sqrt()
    ratio = drawn_by / deviations
    torch.testing.assert_close(ratio, ratio.mean().expand_as(ratio), rtol=0.05, atol=0)


@pytest.mark.parametrize("domain", [IMAGES, VOXELS])
def test_the_response_is_how_values_follow_the_fused_latent(domain, functaset_of):
    field = small_lift(domain, open_start=True).double()
    fused = some_fused(field, functaset_of(field)) + 0.1  # rectifiers have no slope at zero
    channels, step = fused.shape[-1], 1e-6

    def change(channel: int) -> torch.Tensor:
        moved = [fused.clone(), fused.clone()]
        moved[0][..., channel] += step
        moved[1][..., channel] -= step
        with torch.no_grad():
            high, low = (field.render({"fused": each}) for each in moved)
        return (high - low).flatten() / (2 * step)

    changes = torch.stack([change(channel) for channel in range(channels)])
    expected = changes @ changes.T / changes.shape[1]
    torch.testing.assert_close(response(jacobian(field, fused)), expected, rtol=1e-4, atol=1e-10)


def test_a_coarse_cell_is_the_mean_of_the_cells_that_cover_it(functaset_of):
    field = small_lift()
    geometry = geometry_of("scales", field, functaset_of(field))
    noise = torch.randn(2, *geometry.shape, generator=torch.Generator().manual_seed(0))
    latent = geometry.latent(noise)
    coarse = noise[..., :5].reshape(2, 16, 5).mean(1)
    mean, std = geometry.mean, geometry.std
    torch.testing.assert_close(
        latent["global"].reshape(2, 5), coarse * std["global"] + mean["global"]
    )
    middle = noise[..., 5:9].reshape(2, 2, 2, 2, 2, 4).mean((2, 4))
    torch.testing.assert_close(
        latent["intermediate"], middle * std["intermediate"] + mean["intermediate"]
    )


@pytest.mark.parametrize("domain", [IMAGES, VOXELS])
def test_the_fused_latent_renders_what_the_three_scales_render(domain, functaset_of):
    field = small_lift(domain)
    geometry = geometry_of("fused", field, functaset_of(field))
    latent = latents_of(field)
    fused = geometry.latent(geometry.see(latent))
    with torch.no_grad():
        torch.testing.assert_close(field.render(fused), field.render(latent), rtol=1e-4, atol=1e-3)


def test_a_loss_in_bfloat16_sees_the_fused_latent_in_float32(functaset_of):
    field = small_lift()
    geometry = geometry_of("fused", field, functaset_of(field))
    latent = latents_of(field)
    with torch.autocast("cpu", torch.bfloat16):
        seen = geometry.see(latent)
    torch.testing.assert_close(seen, geometry.see(latent), rtol=0, atol=0)


def test_only_lift_fuses(functaset_of):
    field = functa()
    with pytest.raises(ValueError, match="'fused' for a Functa; expected 'scales'"):
        geometry_of("fused", field, functaset_of(field))


def test_a_channel_that_never_varies_stays_finite(tmp_path):
    field = functa()
    constant = {"global": torch.ones(4, 6)}
    write_functaset(tmp_path / "f", {"train": (4, [constant])}, "weights")
    geometry = geometry_of("scales", field, open_functaset(tmp_path / "f", "weights"))
    assert np.isfinite(geometry.see(constant).numpy()).all()
    sampled = geometry.latent(torch.randn(3, 6))["global"]
    torch.testing.assert_close(sampled, torch.ones(3, 6))
