"""The process against closed forms: a mixture of Gaussians has an exact denoiser."""

import pytest
import torch

from lift.diffusion.config import STEPS, DiffusionConfig
from lift.diffusion.process import (
    denoising_loss,
    sample,
    sampling_scheduler,
    training_scheduler,
)
from lift.diffusion.residual_mlp import ResidualMLP
from lift.network_training import TrainingConfig, train

WEIGHTS = torch.tensor([0.7, 0.3])
MEANS = torch.tensor([[1.4, 0.7], [-2.0, -0.7]])
STDS = torch.tensor([0.5, 0.4])
SAMPLERS = [("ancestral", 250), ("ddim", 50)]
HOST = torch.device("cpu")


def config(predicts="sample", sampler="ancestral", steps=STEPS) -> DiffusionConfig:
    return DiffusionConfig(predicts=predicts, sampler=sampler, sampling_steps=steps)


def mixture(count: int, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    chosen = torch.multinomial(WEIGHTS, count, replacement=True, generator=generator)
    return MEANS[chosen] + STDS[chosen, None] * torch.randn(count, 2, generator=generator)


def exact_denoiser(settings: DiffusionConfig):
    """The posterior mean of the mixture, or the noise that it implies."""
    products = training_scheduler(settings).alphas_cumprod.double()

    def denoise(noisy: torch.Tensor, timestep: torch.Tensor) -> torch.Tensor:
        kept = products[timestep][:, None]
        x, variances = noisy.double(), STDS.double().square()
        total = kept * variances + 1 - kept  # (B, components)
        gap = x[:, None] - kept.sqrt()[..., None] * MEANS.double()
        log_weight = WEIGHTS.double().log() - total.log() - gap.square().sum(-1) / (2 * total)
        gain = (kept.sqrt() * variances / total)[..., None]
        component = MEANS.double() + gain * gap
        clean = (log_weight.softmax(-1)[..., None] * component).sum(1)
        noise = (x - kept.sqrt() * clean) / (1 - kept).sqrt()
        return (clean if settings.predicts == "sample" else noise).float()

    return denoise


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


@pytest.mark.parametrize("predicts", ["sample", "epsilon"])
@pytest.mark.parametrize(("sampler", "steps"), SAMPLERS)
def test_the_exact_denoiser_of_a_mixture_samples_it(predicts, sampler, steps):
    settings = config(predicts, sampler, steps)
    samples = sample(
        exact_denoiser(settings), (2,), 3000, settings, batch=3000, seed=0, device=HOST
    )
    assert_is_the_mixture(samples, tolerance=0.04)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A small denoiser of the mixture, a few seconds of training."""
    torch.manual_seed(0)
    scheduler = training_scheduler(config())
    return train(
        ResidualMLP((2,), width=64, blocks=2),
        lambda network, step: denoising_loss(network, mixture(256, step), scheduler),
        lambda network, step: {},
        TrainingConfig(batch=256, steps=1000, rate=1e-2, schedule="cosine", average=0.99),
        directory=tmp_path_factory.mktemp("denoiser"),
        name="denoiser",
        seed=0,
        identity="mixture",
    ).network


@pytest.mark.parametrize(("sampler", "steps"), [("ancestral", 100), ("ddim", 50)])
def test_a_denoiser_trained_on_a_mixture_samples_it(trained, sampler, steps):
    settings = config("sample", sampler, steps)
    samples = sample(trained, (2,), 3000, settings, batch=3000, seed=0, device=HOST)
    assert_is_the_mixture(samples, tolerance=0.1)


@pytest.mark.parametrize("predicts", ["sample", "epsilon"])
def test_a_denoiser_that_knows_its_only_signal_has_no_loss(predicts):
    signal = torch.tensor([0.3, -2.0])
    settings = config(predicts)
    kept = training_scheduler(settings).alphas_cumprod

    def knows(noisy, timestep):
        if predicts == "sample":
            return signal.expand_as(noisy)
        scale = kept[timestep][:, None]
        return (noisy - scale.sqrt() * signal) / (1 - scale).sqrt()

    loss = denoising_loss(knows, signal.repeat(64, 1), training_scheduler(settings))
    assert loss.item() < 1e-8


def test_errors_count_in_units_of_what_is_expected():
    signal = torch.tensor([3.0, 4.0])

    def expected(timestep):
        return 0.5 + timestep

    def shifted(noisy, timestep):
        return signal + 2 * expected(timestep).sqrt()[:, None]

    loss = denoising_loss(shifted, signal.repeat(64, 1), training_scheduler(config()), expected)
    assert loss.item() == pytest.approx(4, abs=1e-3)
    with pytest.raises(ValueError, match="a Gaussian's denoiser predicts the sample"):
        DiffusionConfig(predicts="epsilon", sampler="ddim", sampling_steps=9, gaussian=2)


def test_a_sampler_whose_denoiser_knows_the_only_signal_returns_it():
    signal = torch.tensor([0.3, -2.0])
    for sampler, steps in SAMPLERS:
        found = sample(
            lambda noisy, timestep: signal.expand_as(noisy),
            *((2,), 8, config("sample", sampler, steps)),
            batch=8,
            seed=0,
            device=HOST,
        )
        torch.testing.assert_close(found, signal.repeat(8, 1), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("sampler", "steps"), SAMPLERS)
def test_a_bound_keeps_samples_in_range(sampler, steps):
    found = sample(
        lambda noisy, timestep: torch.tensor([0.3, -2.0]).expand_as(noisy),
        *((2,), 8, config("sample", sampler, steps)),
        batch=8,
        seed=0,
        device=HOST,
        bound=lambda clean: clean.clamp(-1, 1),
    )
    torch.testing.assert_close(found, torch.tensor([0.3, -1.0]).repeat(8, 1), rtol=0, atol=1e-2)


def test_the_schedule_is_the_squared_cosine_capped():
    # Nichol and Dhariwal, equation 17, offset 0.008; betas at most 0.999.
    t = torch.arange(STEPS + 1, dtype=torch.float64) / STEPS
    product = torch.cos((t + 0.008) / 1.008 * torch.pi / 2).square()
    betas = (1 - product[1:] / product[:-1]).clamp(max=0.999)
    torch.testing.assert_close(
        training_scheduler(config()).betas.double(), betas, rtol=0, atol=1e-6
    )


def test_sampling_visits_the_chosen_number_of_steps_from_the_noisy_end():
    first = {("sample", "ddim"): 999, ("epsilon", "ddim"): 950, ("sample", "ancestral"): 950}
    for (predicts, sampler), noisiest in first.items():
        visited = sampling_scheduler(config(predicts, sampler, 20)).timesteps.tolist()
        assert len(visited) == 20
        assert visited[0] == noisiest
        assert visited == sorted(visited, reverse=True)


def test_samples_depend_on_the_seed_and_not_on_how_many_are_drawn():
    settings = config("sample", "ddim", 10)
    denoiser = exact_denoiser(settings)

    def draw(count, seed):
        return sample(denoiser, (2,), count, settings, batch=8, seed=seed, device=HOST)

    torch.testing.assert_close(draw(16, 0), draw(24, 0)[:16])
    assert not torch.equal(draw(16, 0), draw(16, 1))
