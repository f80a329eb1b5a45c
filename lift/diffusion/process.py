"""The diffusion process: the training loss of a denoiser, and sampling with it.

DDPM (Ho et al., NeurIPS 2020) with the squared-cosine schedule (Nichol and Dhariwal, ICML 2021),
DDIM (Song et al., ICLR 2021), and DPM-Solver++ (Lu et al., arXiv 2211.01095). A denoiser predicts
the clean latent. All but DDIM is diffusers': its DDIM takes a step's predecessor to be
``STEPS // n`` below, which is wrong for every number of steps that does not divide `STEPS`, so that
update is written here.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import torch
from diffusers.schedulers.scheduling_ddpm import DDPMScheduler
from diffusers.schedulers.scheduling_dpmsolver_multistep import DPMSolverMultistepScheduler
from torch import Tensor

from lift.bars import progress_bar
from lift.diffusion.config import STEPS, DiffusionConfig

Denoiser = Callable[[Tensor, Tensor], Tensor]
"""``denoiser(noisy (B, ...), timestep (B,))``: the clean latent, in the shape of ``noisy``."""


PROCESS = {
    "num_train_timesteps": STEPS,
    "beta_schedule": "squaredcos_cap_v2",
    "prediction_type": "sample",
}


def noise_schedule() -> DDPMScheduler:
    """mNIF's process: squared-cosine betas up to 0.999, variance beta_t, nothing clipped."""
    return DDPMScheduler(**PROCESS, variance_type="fixed_large", clip_sample=False)


def dpm_solver(steps: int) -> DPMSolverMultistepScheduler:
    """DPM-Solver++ of second order, with steps even in the logarithm of the signal-to-noise ratio.

    Time steps are rounded, so that some of the noisiest and the clearest come twice.
    """
    solver = DPMSolverMultistepScheduler(**PROCESS, use_lu_lambdas=True)
    solver.set_timesteps(steps)
    return solver


def visited_timesteps(config: DiffusionConfig) -> list[int]:
    """The time steps that sampling visits, falling; each one's predecessor is the next of them.

    Those of ``dpm`` are `dpm_solver`'s. Others are evenly spaced for every number of steps:
    ancestral sampling ends at step 0 and starts one stride below the noisiest step, DDIM starts at
    the noisiest one (diffusers' ``leading`` and ``trailing``). With few steps both are coarse;
    ancestral sampling then starts where a part of the signal should still be there.
    """
    count = config.sampling_steps
    if config.sampler == "dpm":
        return dpm_solver(count).timesteps.tolist()
    if config.sampler == "ancestral":
        return [place * STEPS // count for place in reversed(range(count))]
    return [round(place * STEPS / count) - 1 for place in range(count, 0, -1)]


def denoising_loss(denoiser: Denoiser, clean: Tensor, schedule: DDPMScheduler) -> Tensor:
    """Mean squared error of the prediction at uniform time steps, noise from the global generator.

    Args:
        clean: standardised latents ``(B, ...)``.
    """
    timestep = torch.randint(STEPS, (len(clean),), device=clean.device)
    noise = torch.randn_like(clean)
    noisy = schedule.add_noise(clean, noise, timestep)  # type: ignore[arg-type]
    return (denoiser(noisy, timestep).float() - clean).square().mean()


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
    part: slice = slice(None),
) -> Tensor:
    """Samples ``(count, *shape)`` on the host; those of one batch do not depend on the others.

    Args:
        part: which batches are sampled; the samples of all others are zeros.
    """
    samples = torch.zeros(count, *shape)
    chosen = range(0, count, batch)[part]
    total = sum(min(batch, count - first) for first in chosen)
    bar = progress_bar(total=total, desc="sample", shown=0 in chosen)
    for first in chosen:
        size = min(batch, count - first)
        generator = torch.Generator().manual_seed(hash((seed, first)) % 2**63)
        step = stepper(config, generator)
        x = torch.randn(size, *shape, generator=generator).to(device)
        for timestep, before in pairwise([*visited_timesteps(config), -1]):
            clean = denoiser(x, torch.full((size,), timestep, device=device)).float()
            x = step(clean, timestep, before, x)
        samples[first : first + size] = x.cpu()
        bar.update(size)
    bar.close()
    return samples


def stepper(
    config: DiffusionConfig, generator: torch.Generator
) -> Callable[[Tensor, int, int, Tensor], Tensor]:
    """``step(clean, timestep, before, noisy)``: what is seen at ``before``, where -1 is no noise.

    Args:
        generator: of ancestral sampling's noise.
    """
    schedule = noise_schedule()
    if config.sampler == "ddim":
        kept = torch.cat([schedule.alphas_cumprod, torch.ones(1)])  # at -1: all of the signal
        return lambda clean, timestep, before, noisy: ddim_step(
            clean, noisy, kept[timestep], kept[before]
        )
    if config.sampler == "dpm":
        solver = dpm_solver(config.sampling_steps)
        return lambda clean, timestep, before, noisy: solver.step(
            clean, timestep, noisy, return_dict=False
        )[0]
    # Told the whole list, diffusers finds each step's predecessor in it.
    schedule.set_timesteps(timesteps=visited_timesteps(config))

    def ancestral(clean: Tensor, timestep: int, _: int, noisy: Tensor) -> Tensor:
        return schedule.step(clean, timestep, noisy, generator=generator, return_dict=False)[0]

    return ancestral


def ddim_step(clean: Tensor, noisy: Tensor, kept: Tensor, kept_before: Tensor) -> Tensor:
    """DDIM's equation 12 without noise: the same noise at the earlier step's level.

    Args:
        kept, kept_before: ``alpha_bar``, the signal's share of the variance, now and at the
            earlier step.
    """
    noise = (noisy - kept**0.5 * clean) / (1 - kept) ** 0.5
    return kept_before**0.5 * clean + (1 - kept_before) ** 0.5 * noise
