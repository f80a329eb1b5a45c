"""Preconditioning against closed forms."""

import pytest
import torch
from torch import nn

from lift.diffusion.config import STEPS
from lift.diffusion.preconditioning import Preconditioned
from lift.diffusion.process import denoising_loss, noise_levels, noise_schedule

S = 0.25


class Given(nn.Module):
    """A network that gives the same whatever it sees."""

    def __init__(self, value: float) -> None:
        super().__init__()
        self.value = value

    def forward(self, noisy: torch.Tensor, timestep: torch.Tensor) -> torch.Tensor:
        return torch.full_like(noisy, self.value)


def test_a_network_of_zeros_gives_the_posterior_mean_of_a_gaussian_of_that_deviation():
    torch.manual_seed(0)
    clean = S * torch.randn(64, 1000)
    loss = denoising_loss(Preconditioned(Given(0.0), S), clean, noise_schedule(), S)
    # At noise sigma it errs by s^2 sigma^2 / (s^2 + sigma^2), weighed (s^2 + sigma^2) / sigma^2.
    assert loss.item() == pytest.approx(S**2, rel=0.02)


def test_an_error_of_the_network_falls_with_the_noise_below_sigma_data():
    timestep = torch.arange(STEPS)
    noisy = torch.randn(STEPS, 3, 3, 2)
    moved = Preconditioned(Given(1.0), S)(noisy, timestep) - Preconditioned(Given(0.0), S)(
        noisy, timestep
    )
    sigma = noise_levels()[:, None, None, None]
    expected = (sigma / (sigma.square() + S**2).sqrt()).expand_as(noisy)
    torch.testing.assert_close(moved, expected, rtol=1e-3, atol=1e-3)
    assert moved[0].max() < 0.03
    assert moved[-1].min() > 0.999


def test_with_hardly_any_noise_the_input_passes():
    torch.manual_seed(0)
    clean = torch.randn(8, 5)
    first = torch.zeros(8, dtype=torch.long)
    noisy = noise_schedule().add_noise(clean, torch.zeros_like(clean), first)
    passed = Preconditioned(Given(0.0), S)(noisy, first)
    torch.testing.assert_close(passed, clean, rtol=2e-3, atol=2e-3)
