"""The diffusion process: the training loss of a denoiser, and sampling with it.

DDPM (Ho et al., NeurIPS 2020) with the squared-cosine schedule (Nichol and Dhariwal, ICML 2021),
and DDIM (Song et al., ICLR 2021). Schedules and samplers are diffusers'.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from diffusers.schedulers.scheduling_ddpm import DDPMScheduler
from torch import Tensor
from tqdm import tqdm

from lift.diffusion.config import STEPS, DiffusionConfig

Denoiser = Callable[[Tensor, Tensor], Tensor]
"""``denoiser(noisy (B, ...), timestep (B,))``: the prediction, in the shape of ``noisy``."""


def training_scheduler(config: DiffusionConfig) -> DDPMScheduler:
    """mNIF's process: squared-cosine betas up to 0.999, variance beta_t, nothing clipped."""
    return DDPMScheduler(
        num_train_timesteps=STEPS,
        beta_schedule="squaredcos_cap_v2",
        prediction_type=config.predicts,
        variance_type="fixed_large",
        clip_sample=False,
    )


def sampling_scheduler(config: DiffusionConfig) -> DDPMScheduler | DDIMScheduler:
    """The same process with its sampling steps set, from the noisy end down.

    DDIM starts at the noisiest step where the denoiser predicts the sample. The noise says nothing
    about the sample there (its weight is 5e-5), so a predictor of noise starts one stride below.
    """
    scheduler: DDPMScheduler | DDIMScheduler = training_scheduler(config)
    if config.sampler == "ddim":
        scheduler = DDIMScheduler(
            num_train_timesteps=STEPS,
            beta_schedule="squaredcos_cap_v2",
            prediction_type=config.predicts,
            timestep_spacing="trailing" if config.predicts == "sample" else "leading",
            clip_sample=False,
        )
    scheduler.set_timesteps(config.sampling_steps)
    return scheduler


def denoising_loss(
    denoiser: Denoiser,
    clean: Tensor,
    scheduler: DDPMScheduler,
    expected_error: Callable[[Tensor], Tensor] | None = None,
) -> Tensor:
    """Mean squared error of the prediction at uniform time steps, noise from the global generator.

    Args:
        clean: standardised latents ``(B, ...)``.
        expected_error: ``(B,)`` of time steps, what errors there are divided by; weighed alike
            without it.
    """
    timestep = torch.randint(STEPS, (len(clean),), device=clean.device)
    noise = torch.randn_like(clean)
    noisy = scheduler.add_noise(clean, noise, timestep)  # type: ignore[arg-type]
    predicted = denoiser(noisy, timestep)
    target = clean if scheduler.config["prediction_type"] == "sample" else noise
    error = (predicted.float() - target).square().flatten(1).mean(1)
    return (error / expected_error(timestep) if expected_error else error).mean()


@torch.no_grad()
def sample(
    denoiser: Denoiser,
    shape: tuple[int, ...],
    count: int,
    config: DiffusionConfig,
    *,
    batch: int,
    seed: int,
    device: torch.device,
    bound: Callable[[Tensor], Tensor] | None = None,
) -> Tensor:
    """Samples ``(count, *shape)`` on the host; those of one batch do not depend on the others.

    Args:
        bound: keeps a predicted clean latent in range, at every step; predicted noise has none.
    """
    samples = []
    bar = tqdm(total=count, desc="sample", mininterval=2)
    for first in range(0, count, batch):
        size = min(batch, count - first)
        scheduler = sampling_scheduler(config)
        generator = torch.Generator().manual_seed(hash((seed, first)) % 2**63)
        x = torch.randn(size, *shape, generator=generator).to(device)
        for timestep in scheduler.timesteps:
            predicted = denoiser(x, timestep.to(device).expand(size)).float()
            if bound and config.predicts == "sample":
                predicted = bound(predicted)
            x = scheduler.step(predicted, timestep, x, generator=generator, return_dict=False)[0]
        samples.append(x.cpu())
        bar.update(size)
    bar.close()
    return torch.cat(samples)
