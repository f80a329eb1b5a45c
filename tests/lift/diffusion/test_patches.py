"""Latents as the patches that regions draw: lossless where it matters, isometric and aligned."""

import pytest
import torch

from lift import Domain
from lift.diffusion.geometry import geometry_of
from lift.diffusion.patches import from_patches, patches_of, to_patches
from lift.functaset import open_functaset, write_functaset
from tests.lift.fields import IMAGES, random_latent, small_lift

VOXELS = Domain(3, 8, 1)
SIGNALS = 64


def write(path, latent):
    write_functaset(path / "f", {"train": (len(next(iter(latent.values()))), [latent])}, "weights")
    return open_functaset(path / "f", "weights")


def almost_linear(domain=IMAGES):
    """A field of little curvature: first order says everything."""
    return small_lift(domain, w0=1e-2, relu=False)


def drawn(field, latent):
    """Patches ``(B, M, S)`` that the field's regions render."""
    with torch.no_grad():
        return to_patches(field.render(latent), field.regions_per_axis).flatten(1, -2)


@pytest.mark.parametrize("shape", [(2, 8, 8, 3), (2, 8, 8, 8, 1)])
def test_patches_are_the_cells_of_a_grid(shape):
    grid = torch.arange(torch.tensor(shape).prod().item()).view(shape)
    patches = to_patches(grid, 4)
    dimensions = len(shape) - 2
    assert patches.shape == (2, *[4] * dimensions, 2**dimensions * shape[-1])
    place = (slice(2, 4), slice(6, 8), slice(0, 2))[:dimensions]
    cell = (1, 3, 0)[:dimensions]
    assert torch.equal(patches[(1, *cell)], grid[(1, *place)].flatten())
    assert torch.equal(from_patches(patches, shape[-1]), grid)


@pytest.mark.parametrize("domain", [IMAGES, VOXELS])
def test_what_a_denoiser_sees_renders_what_was_encoded(domain, tmp_path):
    field = small_lift(domain)
    latent = random_latent(field, SIGNALS)
    view = geometry_of("patches", field, write(tmp_path, latent))
    seen = view.see(latent)
    assert seen.shape == (SIGNALS, *view.shape)
    assert view.shape[:-1] == (4,) * domain.dimensions
    assert view.shape[-1] <= 3  # the fused latent's channels
    wanted, found = drawn(field, latent), drawn(field, view.latent(seen))
    error = (found - wanted).square().mean() / (wanted - wanted.mean(0)).square().mean()
    assert error < 1e-3
    assert (view.latent(torch.randn(seen.shape))["fused"] >= 0).all()  # as the rectifier leaves it


@pytest.mark.parametrize("domain", [IMAGES, VOXELS])
def test_a_unit_is_the_same_squared_error_in_every_direction(domain, tmp_path):
    field = almost_linear(domain)
    view = patches_of(field, write(tmp_path, random_latent(field, SIGNALS)))
    cells, channels = len(view.mean), view.shape[-1]
    directions = torch.eye(cells * channels).view(-1, *view.shape)
    origin = torch.zeros(1, *view.shape)
    steps = drawn(field, view.latent(directions)) - drawn(field, view.latent(origin))
    lengths = steps.flatten(1).norm(dim=1)
    torch.testing.assert_close(lengths, lengths.mean().expand_as(lengths), rtol=0.15, atol=0)


def test_a_channel_draws_the_same_pattern_in_every_region(tmp_path):
    """Procrustes' optimum: coefficients against patterns are symmetric, nowhere negative."""
    field = almost_linear()
    latent = random_latent(field, SIGNALS)
    view = patches_of(field, write(tmp_path, latent))
    patches = drawn(field, latent)
    wished = (patches - patches.mean(0)) @ view.patterns  # (B, M, k)
    products = torch.einsum("bmi,bmj->mij", view.see(latent).flatten(1, -2), wished)
    scale = products.diagonal(dim1=1, dim2=2).sum(1)
    assert (scale > 0).all()
    asymmetry = (products - products.transpose(1, 2)).abs().amax((1, 2)) / scale
    assert asymmetry.max() < 0.02
    lowest = torch.linalg.eigvalsh(products + products.transpose(1, 2))[:, 0] / scale
    assert lowest.min() > -0.02
    identity = view.patterns.T @ view.patterns
    torch.testing.assert_close(identity, torch.eye(len(identity)), rtol=0, atol=1e-5)


def test_coefficients_are_centred_and_have_unit_variance(tmp_path):
    field = small_lift()
    latent = random_latent(field, SIGNALS)
    seen = patches_of(field, write(tmp_path, latent)).see(latent)
    torch.testing.assert_close(seen.mean(0), torch.zeros(seen.shape[1:]), rtol=0, atol=1e-3)
    assert seen.square().mean().item() == pytest.approx(1, rel=0.01)


def test_what_lies_far_out_is_cut_to_the_range_of_the_others(tmp_path):
    field = small_lift()
    fused = torch.rand(2000, 4, 4, 3, generator=torch.Generator().manual_seed(0))
    fused[7] = 1e4
    view = patches_of(field, write(tmp_path, {"fused": fused}))
    seen = view.see({"fused": fused})
    assert seen.abs().max() < 20
    assert torch.equal(view.bound(seen), seen)
    assert view.latent(seen[7:8])["fused"].max() < 2
    assert (view.bound(torch.full_like(seen, 1e6)) == view.bounds[1]).all()


def test_a_number_that_never_varies_stays_finite(tmp_path):
    field = small_lift()
    fused = torch.rand(SIGNALS, 4, 4, 3, generator=torch.Generator().manual_seed(0))
    fused[..., 1] = 0.0
    fused[:, 2, 2] = 0.5
    view = patches_of(field, write(tmp_path, {"fused": fused}))
    seen = view.see({"fused": fused})
    assert seen.isfinite().all()
    assert seen[:, 2, 2].abs().max() < 1e-4
    assert view.latent(seen)["fused"].isfinite().all()
