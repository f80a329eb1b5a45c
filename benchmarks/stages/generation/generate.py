"""Learns the distribution of one cell's training latents, samples it, and measures the samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.datasets.splits import spaced
from benchmarks.figures.generation import counts_figure, loss_figure
from benchmarks.figures.signal_sheet import in_rows, signal_sheet
from benchmarks.metrics.features import available_spaces
from benchmarks.metrics.image_generation import distance_by_count, measure_images
from benchmarks.metrics.neighbours import copying_ratio, nearest
from benchmarks.metrics.shape_generation import measure_shapes
from benchmarks.records.provenance import code_digest, sha256
from benchmarks.records.result import Budget, Metric
from benchmarks.settings.digest import digest
from benchmarks.settings.reading import ConfigError
from benchmarks.stages.experiment import Experiment, StageError
from benchmarks.stages.generation.settings import (
    DENOISERS,
    GenerationConfig,
    build_denoiser,
    generation_config,
)
from benchmarks.stages.stage import Outcome, main
from lift.diffusion.config import DiffusionConfig
from lift.diffusion.gaussian import AroundGaussian, gaussian_moments
from lift.diffusion.geometry import Geometry, geometry_of
from lift.diffusion.patches import Patches
from lift.diffusion.process import denoising_loss, noise_schedule, sample
from lift.field import NeuralField
from lift.functaset import Functaset
from lift.network_training import Trained, train
from lift.precision import products
from lift.sampling import batch_indices, signals_at_once

FEWEST = 4
"""Training latents: precision and recall look at a signal's third neighbour."""
COLUMNS, ROWS = 8, {"image": 4, "voxel": 2}
PREVIEW = DiffusionConfig(sampler="ddim", sampling_steps=25)
LARGEST_REFERENCE = 10_000
COMPARED = 500
"""Samples whose distance to the training latents is measured."""


@dataclass(frozen=True)
class Generator:
    """What stage 2 works with: a field, its training latents, and how a denoiser sees them."""

    experiment: Experiment
    config: GenerationConfig
    field: NeuralField
    functaset: Functaset
    geometry: Geometry

    @property
    def count(self) -> int:
        """Training latents."""
        return len(next(iter(self.functaset.splits["train"].values())))

    def seen(self, indices: np.ndarray) -> Tensor:
        """Training latents as the denoiser sees them, on the device."""
        device = self.experiment.device
        latent = self.functaset.latent("train", indices)
        return self.geometry.see({name: z.to(device) for name, z in latent.items()})

    def reference(self) -> tuple[np.ndarray, Tensor]:
        """Positions, and what the denoiser sees of them: all latents, or some of very many."""
        chosen = np.array(spaced(self.count, min(self.count, LARGEST_REFERENCE)))
        parts = np.array_split(chosen, max(len(chosen) // 256, 1))
        return chosen, torch.cat([self.seen(part).cpu() for part in parts])

    def render(self, seen: Tensor) -> np.ndarray:
        """Signals ``(n, R, ..., R, C)`` of what a denoiser sees; not clipped."""
        device, most = self.experiment.device, self.experiment.cell.training.fit.batch
        parts = seen.split(signals_at_once(self.field.domain, device, most))
        with torch.no_grad():
            rendered = [self.field.render(self.geometry.latent(part.to(device))) for part in parts]
        return torch.cat([part.cpu() for part in rendered]).numpy()

    def sample(self, denoiser: nn.Module, count: int, diffusion: DiffusionConfig) -> Tensor:
        """New latents ``(count, *shape)`` as the denoiser sees them."""
        device = self.experiment.device
        with products(device, self.config.train.precision):
            return sample(
                denoiser,
                self.geometry.shape,
                count,
                diffusion,
                bound=self.geometry.bound,
                batch=max(self.config.train.batch, 256),
                seed=self.experiment.cell.training.seed,
                device=device,
            )


def generator_of(experiment: Experiment) -> Generator:
    """Everything that training a denoiser needs, checked before it starts.

    Raises:
        StageError: an earlier stage failed, or there are too few latents or other ones.
        ConfigError: the settings of generation are missing or wrong.
        FunctasetError: the latents are missing, damaged, or another field's.
    """
    config = generation_config(experiment.cell)
    experiment.upstream("encode")
    field, weights = experiment.trained_field()
    functaset = experiment.functaset(weights)
    try:
        geometry = geometry_of(config.geometry, field, functaset)
    except ValueError as error:
        raise ConfigError(f"generation: {error}") from error
    generator = Generator(experiment, config, field, functaset, geometry)
    if generator.count < FEWEST:
        raise StageError(
            f"{experiment.directory / 'functaset'}: {generator.count} training latents, expected "
            f"{FEWEST} or more; raise encode.train in config/scales/{experiment.cell.scale}.yaml"
        )
    return generator


def new_denoiser(generator: Generator, kept: Tensor) -> nn.Module:
    """The configured network, around a Gaussian's denoiser where the configuration says so."""
    config, geometry = generator.config, generator.geometry
    drawing: dict[str, Any] = {}
    if config.denoiser == "patch_unet":
        assert isinstance(geometry, Patches)  # as the configuration was checked
        inputs = 1 if config.diffusion.gaussian is None else 2
        channels = generator.field.domain.channels
        drawing = {"patterns": geometry.patterns, "channels": channels, "inputs": inputs}
    network = build_denoiser(config.denoiser, geometry.shape, config.network, drawing)
    if config.diffusion.gaussian is None:
        return network
    parts = np.array_split(np.arange(generator.count), max(generator.count // 256, 1))
    known = gaussian_moments((generator.seen(part) for part in parts), config.diffusion.gaussian)
    return AroundGaussian(network, known, kept)


def train_denoiser(generator: Generator) -> Trained:
    """Trains the denoiser, with a sheet of samples along the way where pictures may be kept."""
    experiment, config = generator.experiment, generator.config
    seed, directory = experiment.cell.training.seed, experiment.directory
    torch.manual_seed(seed)
    scheduler = noise_schedule()
    denoiser = new_denoiser(generator, scheduler.alphas_cumprod).to(experiment.device)
    expected_error = denoiser.expected_error if isinstance(denoiser, AroundGaussian) else None

    def loss(network: nn.Module, step: int) -> Tensor:
        chosen = batch_indices(step, config.train.batch, generator.count, seed)
        return denoising_loss(network, generator.seen(chosen), scheduler, expected_error)

    def show(network: nn.Module, done: int) -> dict[str, float]:
        if experiment.dataset.shareable and done < config.train.steps:
            samples = generator.render(generator.sample(network, COLUMNS, PREVIEW))
            path = directory / "samples_in_training.png"
            up = experiment.dataset.manifest.up_axis
            signal_sheet([(f"step {done}", samples)], path, up=up)
        return {}

    code = code_digest(
        "lift.diffusion.process",
        "lift.diffusion.geometry",
        "lift.diffusion.gaussian",
        "lift.network_training",
        DENOISERS[config.denoiser][0],
    )
    manifest = sha256(directory / "functaset" / "functaset.json")
    # Other samples of a trained denoiser need no other training.
    sampling = {"sampler": "ddim", "sampling_steps": 1}
    learned = {"samples": 1, "diffusion": config.diffusion.model_copy(update=sampling)}
    return train(
        denoiser,
        loss,
        show,
        config.train,
        directory=directory,
        name="denoiser",
        seed=seed,
        identity=f"{digest(config.model_copy(update=learned))}-{manifest}-{code}-{seed}",
    )


def measure(generator: Generator, signals: np.ndarray) -> list[Metric]:
    """Images against the training images, as FID is published; shapes against the test shapes.

    As many decoded training latents (split ``train``) say what a denoiser can reach on this field.
    """
    experiment = generator.experiment
    splits, cache, device = experiment.encoded(), experiment.feature_cache, experiment.device
    if experiment.dataset.kind == "voxel":
        reference = experiment.grids(splits["test"], np.arange(len(splits["test"])))
        seed = experiment.cell.training.seed
        return measure_shapes(signals[..., 0], reference[..., 0], seed, device)
    spaces, real, generated = available_spaces(device), splits["train"].images(), signals.clip(0, 1)
    points = {
        space.metric("distance"): distance_by_count(generated, real, space, cache, device)
        for space in spaces
    }
    title = f"{experiment.cell.training.method} on {experiment.dataset.title}"
    counts_figure(points, experiment.directory / "sample_count.png", title)
    known = np.array(spaced(generator.count, min(generator.count, len(signals))))
    decoded = generator.render(generator.seen(known)).clip(0, 1)
    return [
        *measure_images(generated, real, "generated", spaces, cache, device),
        *measure_images(decoded, real, "train", spaces, cache, device),
    ]


def draw(generator: Generator, trained: Trained, seen: Tensor, signals: np.ndarray) -> None:
    """The loss, a sheet of samples, and one with each sample's nearest training signal below."""
    experiment, directory = generator.experiment, generator.experiment.directory
    training = experiment.cell.training
    title = f"{training.method} on {experiment.dataset.title}, {experiment.cell.scale}"
    loss_figure(trained.curve, directory / "denoiser_curve.png", title)
    if not experiment.dataset.shareable:
        return  # the data set's terms forbid pictures of it
    up, shown = experiment.dataset.manifest.up_axis, COLUMNS * ROWS[experiment.dataset.kind]
    signal_sheet(in_rows("samples", signals[:shown], COLUMNS), directory / "samples.png", up=up)
    positions, rows = generator.reference()
    picked = positions[nearest(seen[:COLUMNS].flatten(1), rows.flatten(1)).row.numpy()]
    sheet = [
        ("sample", signals[:COLUMNS]),
        ("nearest, decoded", generator.render(generator.seen(picked))),
        ("nearest in training", experiment.grids(experiment.encoded()["train"], picked)),
    ]
    signal_sheet(sheet, directory / "nearest_training.png", up=up, data=["nearest in training"])


def run(experiment: Experiment) -> Outcome:
    """Leaves the denoiser's weights, its curve, sheets and figures beside the JSON."""
    generator = generator_of(experiment)
    config, cell = generator.config, experiment.cell
    trained = train_denoiser(generator)
    seen = generator.sample(trained.network, config.samples, config.diffusion)
    signals = generator.render(seen)
    draw(generator, trained, seen, signals)
    metrics = measure(generator, signals)
    compared = seen[:COMPARED].flatten(1)
    ratio = copying_ratio(compared, generator.reference()[1].flatten(1))
    last = trained.curve[-1]
    weights = experiment.directory / "denoiser.safetensors"
    return Outcome(
        [
            *metrics,
            Metric(
                name="nearest_training_ratio",
                value=ratio,
                unit="1",
                split="generated",
                samples=len(compared),
                note="distance to the nearest training latent over that among training latents",
            ),
            Metric(name="denoising_loss", value=last["loss"], unit="1", split="train"),
            Metric(name="training_seconds", value=last["seconds"], unit="s", split="train"),
        ],
        Budget(
            signals=config.train.steps * config.train.batch,
            published_signals=cell.generation.published_signals if cell.generation else None,
        ),
        {weights.name: sha256(weights)},
    )


if __name__ == "__main__":
    main("generation", run, __doc__ or "")
