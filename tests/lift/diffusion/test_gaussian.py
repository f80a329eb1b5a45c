"""The denoiser around a Gaussian's: exact where latents are Gaussian."""

import pytest
import torch
from torch import nn

from lift.diffusion.config import DiffusionConfig
from lift.diffusion.gaussian import AroundGaussian, gaussian_moments
from lift.diffusion.process import noise_schedule, sample

SHAPE, NUMBERS = (2, 2, 3), 12
SETTINGS = DiffusionConfig(sampler="ddim", sampling_steps=100)
KEPT = noise_schedule().alphas_cumprod


class Constant(nn.Module):
    """Adds the same in every number."""

    def __init__(self, value: float = 0.0) -> None:
        super().__init__()
        self.value = value

    def forward(self, seen, timestep):
        assert seen.shape[-1] == 2 * SHAPE[-1]
        return torch.full((len(seen), *SHAPE), self.value)


def gaussian(count: int) -> torch.Tensor:
    """Correlated latents, variances over two decades."""
    generator = torch.Generator().manual_seed(0)
    mixing = torch.linalg.qr(torch.randn(NUMBERS, NUMBERS, generator=generator)).Q
    scales = torch.logspace(0.5, -1.5, NUMBERS)
    latents = torch.randn(count, NUMBERS, generator=generator) * scales @ mixing + 0.5
    return latents.view(count, *SHAPE)


LATENTS = gaussian(4000)
KNOWN = gaussian_moments(LATENTS.split(300), NUMBERS)


def test_moments_are_those_of_all_batches_together():
    flat = LATENTS.flatten(1)
    torch.testing.assert_close(KNOWN.mean, flat.mean(0))
    covariance = KNOWN.axes * KNOWN.variances @ KNOWN.axes.T
    torch.testing.assert_close(covariance, torch.cov(flat.T, correction=0), rtol=1e-4, atol=1e-5)
    fewer = gaussian_moments(LATENTS.split(300), 5)
    torch.testing.assert_close(fewer.variances, KNOWN.variances[:5])
    torch.testing.assert_close(fewer.rest, KNOWN.variances[5:].mean())


@pytest.mark.parametrize("timestep", [0, 20, 300, 700, 999])
def test_alone_it_is_the_posterior_mean(timestep):
    kept = KEPT[timestep].double()
    noisy = torch.randn(8, *SHAPE, generator=torch.Generator().manual_seed(1))
    mean, covariance = KNOWN.mean.double(), torch.cov(LATENTS.flatten(1).double().T, correction=0)
    seen = kept * covariance + (1 - kept) * torch.eye(NUMBERS)
    offset = noisy.flatten(1).double() - kept.sqrt() * mean
    expected = mean + kept.sqrt() * torch.linalg.solve(seen, offset.T).T @ covariance
    found = AroundGaussian(Constant(), KNOWN, KEPT)(noisy, torch.full((8,), timestep))
    torch.testing.assert_close(found.flatten(1).double(), expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("axes", [NUMBERS, 5])
@pytest.mark.parametrize("timestep", [20, 300, 700])
def test_its_error_is_the_expected_one(axes, timestep):
    known = gaussian_moments([LATENTS], axes)
    # Where the rest has one variance in truth, so that fewer axes are exact too.
    flat = torch.randn(20_000, NUMBERS, generator=torch.Generator().manual_seed(1))
    along = known.axes * (known.variances.sqrt() - known.rest.sqrt())
    clean = (known.mean + known.rest.sqrt() * flat + flat @ known.axes @ along.T).view(-1, *SHAPE)
    noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(2))
    noisy = KEPT[timestep].sqrt() * clean + (1 - KEPT[timestep]).sqrt() * noise
    steps = torch.full((len(clean),), timestep)
    denoiser = AroundGaussian(Constant(), known, KEPT)
    error = (denoiser(noisy, steps) - clean).square().mean().item()
    assert denoiser.expected_error(steps)[0].item() == pytest.approx(error, rel=0.02)


def test_alone_it_samples_the_gaussian():
    denoiser = AroundGaussian(Constant(), KNOWN, KEPT)
    every = SETTINGS.model_copy(update={"sampling_steps": 1000})  # fewer shrink small variances
    found = sample(
        denoiser, SHAPE, 4000, every, batch=4000, seed=0, device=torch.device("cpu")
    ).flatten(1)
    torch.testing.assert_close(found.mean(0), KNOWN.mean, rtol=0, atol=0.1)
    along = ((found - KNOWN.mean) @ KNOWN.axes).square().mean(0)
    torch.testing.assert_close(along, KNOWN.variances, rtol=0.15, atol=0)


def test_a_network_moves_latents_by_posterior_deviations():
    noisy, steps = LATENTS[:4], torch.full((4,), 300)
    alone = AroundGaussian(Constant(), KNOWN, KEPT)(noisy, steps)
    moved = AroundGaussian(Constant(1.0), KNOWN, KEPT)(noisy, steps)
    kept = KEPT[300]
    deviation = (KNOWN.variances * (1 - kept) / (kept * KNOWN.variances + 1 - kept)).sqrt()
    along = (moved - alone).flatten(1) @ KNOWN.axes
    torch.testing.assert_close(
        along, (torch.ones(NUMBERS) @ KNOWN.axes * deviation).expand_as(along), rtol=1e-3, atol=1e-4
    )
