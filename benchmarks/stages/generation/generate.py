"""Learns the distribution of one cell's training latents, samples it, and measures the samples."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from benchmarks.figures.signal_sheet import signal_sheet
from benchmarks.records.provenance import code_digest, sha256
from benchmarks.records.result import Budget, Metric
from benchmarks.stages.experiment import Experiment
from benchmarks.stages.generation.latents import Generator, generator_of
from benchmarks.stages.generation.measure import draw, measure, training_ratio
from benchmarks.stages.generation.settings import DENOISERS, build_denoiser, generation_config
from benchmarks.stages.stage import Outcome, main
from lift.checkpoint import Checkpoint, described
from lift.diffusion.config import DiffusionConfig
from lift.diffusion.process import denoising_loss, noise_schedule
from lift.network_training import Trained, TrainingConfig, train
from lift.sampling import batch_indices

PREVIEW = DiffusionConfig(sampler="ddim", sampling_steps=25)
PREVIEWED = 8
"""Samples along the way."""


def trained_denoiser(generator: Generator) -> Trained:
    """The denoiser, which the first process of a team trains and the others then read."""
    team = generator.experiment.team
    if not team.first:
        team.wait()
    trained = train_denoiser(generator)
    if team.first:
        team.wait()
    return trained


def train_denoiser(generator: Generator) -> Trained:
    """Trains the denoiser, with a sheet of samples along the way where pictures may be kept."""
    experiment, config = generator.experiment, generator.config
    seed, directory = experiment.cell.training.seed, experiment.directory
    torch.manual_seed(seed)
    scheduler = noise_schedule()
    denoiser = build_denoiser(config, generator.geometry.shape).to(experiment.device)

    def loss(network: nn.Module, step: int) -> Tensor:
        chosen = batch_indices(step, config.train.batch, generator.count, seed)
        return denoising_loss(network, generator.seen(chosen), scheduler)

    def show(network: nn.Module, done: int) -> dict[str, float]:
        if experiment.dataset.shareable and done < config.train.steps:
            samples = generator.render(generator.sample(network, PREVIEWED, PREVIEW))
            path = directory / "samples_in_training.png"
            up = experiment.dataset.manifest.up_axis
            signal_sheet([(f"step {done}", samples)], path, up=up)
        return {}

    code = code_digest(
        "lift.diffusion.process",
        "lift.diffusion.geometry",
        "lift.network_training",
        DENOISERS[config.denoiser][0],
    )
    manifest = sha256(directory / "functaset" / "functaset.json")
    # Other samples of a trained denoiser need no other training.
    sampling = {"sampler": "ddim", "sampling_steps": 1}
    learned = config.model_copy(
        update={"samples": 1, "diffusion": config.diffusion.model_copy(update=sampling)}
    )
    identity = {
        **learned.model_dump(mode="json"),
        "train": config.train.identity(),
        "latents": manifest,
        "seed": seed,
    }
    return train(
        denoiser,
        loss,
        show,
        config.train.among(generator.count),
        checkpoint=Checkpoint(
            directory / "denoiser_checkpoint.safetensors",
            identity,
            code,
            experiment.resume_anyway,
        ),
        name="denoiser",
        seed=seed,
    )


def training(experiment: Experiment) -> TrainingConfig:
    """How the denoiser is trained."""
    return generation_config(experiment.cell).train


def run(experiment: Experiment) -> Outcome:
    """Leaves the denoiser's weights, its curve, sheets and figures beside the JSON."""
    generator = generator_of(experiment)
    config, cell = generator.config, experiment.cell
    trained = trained_denoiser(generator)
    seen = generator.sample(trained.network, config.samples, config.diffusion, experiment.team)
    if not experiment.team.first:
        return Outcome([])
    draw(generator, trained, seen)
    metrics = measure(generator, seen)
    last = trained.curve[-1]
    weights = experiment.directory / "denoiser.safetensors"
    return Outcome(
        [
            *metrics,
            training_ratio(generator, seen),
            Metric(
                name="denoising_loss",
                value=last["loss"],
                unit="1",
                split="train",
                note=described(trained.continued),
            ),
            Metric(name="training_seconds", value=last["seconds"], unit="s", split="train"),
        ],
        Budget(
            signals=int(last["signals"] or 0),
            published_signals=cell.generation.published_signals if cell.generation else None,
        ),
        {weights.name: sha256(weights)},
    )


if __name__ == "__main__":
    main("generation", run, __doc__ or "", training, shared=True)
