"""The process against closed forms: a mixture of Gaussians has an exact denoiser."""

from itertools import pairwise

import pytest
import torch
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from diffusers.schedulers.scheduling_ddpm import DDPMScheduler
from pydantic import ValidationError

from lift.checkpoint import Checkpoint
from lift.diffusion.config import STEPS, DiffusionConfig
from lift.diffusion.process import denoising_loss, noise_schedule, sample, visited_timesteps
from lift.diffusion.residual_mlp import ResidualMLP
from lift.meta.parallel import Team
from lift.network_training import TrainingConfig, train

WEIGHTS = torch.tensor([0.7, 0.3])
MEANS = torch.tensor([[1.4, 0.7], [-2.0, -0.7]])
STDS = torch.tensor([0.5, 0.4])
SAMPLERS = [("ancestral", 250), ("ddim", 50), ("dpm", 25)]
HOST = torch.device("cpu")
KEPT = noise_schedule().alphas_cumprod


def config(sampler: str, steps: int) -> DiffusionConfig:
    return DiffusionConfig(sampler=sampler, sampling_steps=steps)


def mixture(count: int, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    chosen = torch.multinomial(WEIGHTS, count, replacement=True, generator=generator)
    return MEANS[chosen] + STDS[chosen, None] * torch.randn(count, 2, generator=generator)


def exact_denoiser(noisy: torch.Tensor, timestep: torch.Tensor) -> torch.Tensor:
    """The posterior mean of the mixture."""
    kept = KEPT.double()[timestep][:, None]
    x, variances = noisy.double(), STDS.double().square()
    total = kept * variances + 1 - kept  # (B, components)
    gap = x[:, None] - kept.sqrt()[..., None] * MEANS.double()
    log_weight = WEIGHTS.double().log() - total.log() - gap.square().sum(-1) / (2 * total)
    gain = (kept.sqrt() * variances / total)[..., None]
    component = MEANS.double() + gain * gap
    return (log_weight.softmax(-1)[..., None] * component).sum(1).float()


def assert_is_the_mixture(samples: torch.Tensor, tolerance: float) -> None:
    first = samples[:, 0] > -0.5
    assert first.float().mean().item() == pytest.approx(0.7, abs=tolerance)
    for part, mean, std in zip((samples[first], samples[~first]), MEANS, STDS, strict=True):
        torch.testing.assert_close(part.mean(0), mean, rtol=0, atol=tolerance)
        covariance = torch.cov(part.T)
        torch.testing.assert_close(
            covariance.diagonal().sqrt(), std.expand(2), rtol=0, atol=tolerance
        )
        assert covariance[0, 1].abs() < tolerance * std


@pytest.mark.parametrize(("sampler", "steps"), SAMPLERS)
def test_the_exact_denoiser_of_a_mixture_samples_it(sampler, steps):
    settings = config(sampler, steps)
    samples = sample(exact_denoiser, (2,), 3000, settings, batch=3000, seed=0, device=HOST)
    assert_is_the_mixture(samples, tolerance=0.04)


MEAN, STD = 1.0, 0.5
COUNTS = (2, 3, 7, 25, 30, 50, 250, 333, 501, 600, 667, 999, 1000)


def gaussian_denoiser(noisy: torch.Tensor, timestep: torch.Tensor) -> torch.Tensor:
    """The posterior mean of one number of mean 1 and deviation 1/2."""
    kept = KEPT[timestep][:, None]
    gain = kept.sqrt() * STD**2 / (kept * STD**2 + 1 - kept)
    return MEAN + gain * (noisy - kept.sqrt() * MEAN)


def predicted_moments(sampler: str, steps: int, std: float = STD) -> tuple[float, float]:
    """Mean and deviation of what a sampler makes of that Gaussian: its steps are linear maps.

    DDPM's equation 7 with variance beta_t, and DDIM's equation 12, both in float64, between the
    time steps ``i 1000 / n``, and between those counted from the noisy end.
    """
    kept = KEPT.double().tolist()
    spaced = [STEPS * place / steps for place in range(steps + 1)]
    if sampler == "ancestral":
        path = [int(place) for place in spaced[:-1]][::-1]
    else:
        path = [round(place) - 1 for place in spaced[1:]][::-1]
    mean, variance = 0.0, 1.0
    for t, before in pairwise([*path, None]):
        a, b = kept[t], 1.0 if before is None else kept[before]
        if sampler == "ancestral":
            of_clean, of_noisy = b**0.5 * (1 - a / b) / (1 - a), (a / b) ** 0.5 * (1 - b) / (1 - a)
            added = 0.0 if before is None else 1 - a / b
        else:
            of_noisy, added = ((1 - b) / (1 - a)) ** 0.5, 0.0
            of_clean = b**0.5 - of_noisy * a**0.5
        gain = a**0.5 * std**2 / (a * std**2 + 1 - a)
        clean = MEAN + gain * (mean - a**0.5 * MEAN)
        mean = of_clean * clean + of_noisy * mean
        variance = (of_clean * gain + of_noisy) ** 2 * variance + added
    return mean, variance**0.5


@pytest.mark.parametrize("steps", COUNTS)
@pytest.mark.parametrize("sampler", ["ancestral", "ddim"])
def test_any_number_of_steps_gives_the_moments_of_its_closed_form(sampler, steps):
    settings, count = config(sampler, steps), 20_000
    samples = sample(gaussian_denoiser, (1,), count, settings, batch=count, seed=0, device=HOST)
    mean, std = predicted_moments(sampler, steps)
    assert samples.mean().item() == pytest.approx(mean, abs=5 * std / count**0.5)
    assert samples.std().item() == pytest.approx(std, abs=5 * std / (2 * count) ** 0.5)


@pytest.mark.parametrize("sampler", ["ancestral", "ddim"])
def test_the_error_of_the_moments_falls_with_the_number_of_steps(sampler):
    for steps in range(2, STEPS + 1, 3):
        mean, std = predicted_moments(sampler, steps)
        assert abs(mean - MEAN) < 0.6 / steps
        assert abs(std - STD) < 1.2 / steps


SHARES = [(50, [95, 75, 34]), (100, [98, 86, 55]), (250, [99, 94, 77])]


@pytest.mark.parametrize(("steps", "percent"), SHARES)
def test_the_shares_of_variance_that_the_log_of_searches_quotes(steps, percent):
    deviations = [1.0, 0.1, 0.001**0.5]
    left = [(predicted_moments("ddim", steps, std)[1] / std) ** 2 for std in deviations]
    assert [round(100 * share) for share in left] == percent


@pytest.mark.parametrize("variance", [100, 10, 1, 0.1, 0.01, 0.001])
def test_dpm_in_25_steps_keeps_any_variance_as_ddim_in_50_does_not(variance):
    def denoiser(noisy, timestep):
        kept = KEPT[timestep][:, None]
        return kept.sqrt() * variance / (kept * variance + 1 - kept) * noisy

    once = {"batch": 8, "seed": 0, "device": HOST}

    def share(sampler, steps):
        start = sample(denoiser, (1,), 8, config(sampler, steps), **once)
        noise = sample(lambda noisy, _: noisy, (1,), 8, config("ddim", 1), **once)
        return ((start / noise) ** 2 / variance).mean().item()

    assert 1.0 <= share("dpm", 25) <= 1.07
    assert share("ddim", 50) < 0.96


@pytest.mark.parametrize("steps", [25, 50, 100, 250, 1000])
@pytest.mark.parametrize("sampler", ["ancestral", "ddim"])
def test_numbers_of_steps_that_divide_are_exactly_diffusers(sampler, steps):
    shared = {
        "num_train_timesteps": STEPS, "beta_schedule": "squaredcos_cap_v2",
        "prediction_type": "sample", "clip_sample": False,
    }  # fmt: skip
    theirs = (
        DDPMScheduler(**shared, variance_type="fixed_large")
        if sampler == "ancestral"
        else DDIMScheduler(**shared, timestep_spacing="trailing")
    )
    theirs.set_timesteps(steps)
    generator = torch.Generator().manual_seed(hash((0, 0)) % 2**63)
    x = torch.randn(16, 2, generator=generator)
    for timestep in theirs.timesteps:
        clean = exact_denoiser(x, timestep.expand(16))
        x = theirs.step(clean, timestep, x, generator=generator, return_dict=False)[0]
    ours = sample(exact_denoiser, (2,), 16, config(sampler, steps), batch=16, seed=0, device=HOST)
    assert torch.equal(ours, x)


@pytest.mark.parametrize("sampler", ["ancestral", "ddim"])
def test_sampling_visits_every_number_of_steps_evenly(sampler):
    for steps in range(2, STEPS + 1):
        visited = visited_timesteps(config(sampler, steps))
        assert len(visited) == steps
        strides = [one - other for one, other in pairwise(visited)]
        assert min(strides) >= max(1, STEPS // steps - 1)
        assert max(strides) <= STEPS // steps + 1
        assert visited[-1] >= 0
        assert visited[0] < STEPS
    end = {"ancestral": 0, "ddim": 999}[sampler]
    assert end in (visited[0], visited[-1])


def test_one_ancestral_step_is_refused():
    with pytest.raises(ValidationError, match="returns its noise; expected 2 or more"):
        config("ancestral", 1)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A small denoiser of the mixture, a few seconds of training."""
    torch.manual_seed(0)
    schedule = noise_schedule()
    return train(
        ResidualMLP((2,), width=64, blocks=2),
        lambda network, step: denoising_loss(network, mixture(256, step), schedule),
        lambda network, step: {},
        TrainingConfig(batch=256, steps=1000, rate=1e-2, schedule="cosine", average=0.99),
        checkpoint=Checkpoint(tmp_path_factory.mktemp("denoiser") / "checkpoint.safetensors", {}),
        name="denoiser",
        seed=0,
    ).network


@pytest.mark.parametrize(("sampler", "steps"), [("ancestral", 100), ("ddim", 50), ("dpm", 25)])
def test_a_denoiser_trained_on_a_mixture_samples_it(trained, sampler, steps):
    settings = config(sampler, steps)
    samples = sample(trained, (2,), 3000, settings, batch=3000, seed=0, device=HOST)
    assert_is_the_mixture(samples, tolerance=0.1)


def test_a_denoiser_that_knows_its_only_signal_has_no_loss():
    signal = torch.tensor([0.3, -2.0])
    loss = denoising_loss(
        lambda noisy, timestep: signal.expand_as(noisy), signal.repeat(64, 1), noise_schedule()
    )
    assert loss.item() == 0


def test_a_sampler_whose_denoiser_knows_the_only_signal_returns_it():
    signal = torch.tensor([0.3, -2.0])
    for sampler, steps in SAMPLERS:
        found = sample(
            lambda noisy, timestep: signal.expand_as(noisy),
            *((2,), 8, config(sampler, steps)),
            batch=8,
            seed=0,
            device=HOST,
        )
        torch.testing.assert_close(found, signal.repeat(8, 1), rtol=1e-5, atol=1e-5)


def test_the_schedule_is_the_squared_cosine_capped():
    # Nichol and Dhariwal, equation 17, offset 0.008; betas at most 0.999.
    t = torch.arange(STEPS + 1, dtype=torch.float64) / STEPS
    product = torch.cos((t + 0.008) / 1.008 * torch.pi / 2).square()
    betas = (1 - product[1:] / product[:-1]).clamp(max=0.999)
    torch.testing.assert_close(noise_schedule().betas.double(), betas, rtol=0, atol=1e-6)


def test_samples_depend_on_the_seed_and_not_on_how_many_are_drawn():
    settings = config("ddim", 10)

    def draw(count, seed):
        return sample(exact_denoiser, (2,), count, settings, batch=8, seed=seed, device=HOST)

    torch.testing.assert_close(draw(16, 0), draw(24, 0)[:16])
    assert not torch.equal(draw(16, 0), draw(16, 1))


@pytest.mark.parametrize(("sampler", "steps"), SAMPLERS)
def test_processes_that_share_the_batches_sample_what_one_samples(sampler, steps):
    settings = config(sampler, steps)

    def draw(part):
        return sample(exact_denoiser, (2,), 44, settings, batch=8, seed=0, device=HOST, part=part)

    for team in (2, 5):
        parts = [draw(Team(rank, team).share(6)) for rank in range(team)]
        assert torch.equal(torch.stack(parts).sum(0), draw(slice(None)))
