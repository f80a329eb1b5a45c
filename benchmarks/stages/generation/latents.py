"""What stage 2 learns from: a field's training latents, as the denoiser sees them, and back."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.datasets.splits import spaced
from benchmarks.settings.reading import ConfigError
from benchmarks.stages.experiment import Experiment, StageError
from benchmarks.stages.generation.settings import GenerationConfig, generation_config
from lift.diffusion.config import DiffusionConfig
from lift.diffusion.geometry import Geometry, geometry_of
from lift.diffusion.process import sample
from lift.field import NeuralField
from lift.functaset import Functaset
from lift.meta.parallel import ALONE, Team
from lift.precision import products
from lift.sampling import signals_at_once

FEWEST = 4
"""Training latents: precision and recall look at a signal's third neighbour."""
LARGEST_REFERENCE = 10_000
SEEN_AT_ONCE = 256


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
        return chosen, torch.cat([seen.cpu() for seen in self.in_blocks(chosen)])

    def in_blocks(self, indices: np.ndarray) -> Iterator[Tensor]:
        """Training latents as the denoiser sees them, on the device, some hundreds at a time."""
        for part in np.array_split(indices, max(len(indices) // SEEN_AT_ONCE, 1)):
            yield self.seen(part)

    def rendered(self, seen: Tensor) -> Iterator[np.ndarray]:
        """Signals ``(n, R, ..., R, C)`` of what a denoiser sees, block after block; not clipped."""
        device, most = self.experiment.device, self.experiment.cell.training.fit.batch
        for part in seen.split(signals_at_once(self.field.domain, device, most)):
            with torch.no_grad():
                signals = self.field.render(self.geometry.latent(part.to(device)))
            yield signals.cpu().numpy()

    def render(self, seen: Tensor) -> np.ndarray:
        """All signals of few latents at once."""
        return np.concatenate(list(self.rendered(seen)))

    def sample(
        self, denoiser: nn.Module, count: int, diffusion: DiffusionConfig, team: Team = ALONE
    ) -> Tensor:
        """New latents ``(count, *shape)`` as the denoiser sees them, the same for every team.

        Each process of the team samples its share of the batches, and has the whole.
        """
        device, batch = self.experiment.device, max(self.config.train.batch, 256)
        with products(device, self.config.train.precision, of_field=False):
            samples = sample(
                denoiser,
                self.geometry.shape,
                count,
                diffusion,
                batch=batch,
                seed=self.experiment.cell.training.seed,
                device=device,
                part=team.share(math.ceil(count / batch)),
            )
        return team.together(samples)


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
        geometry = geometry_of(config.geometry, field, functaset, config.places)
    except ValueError as error:
        raise ConfigError(f"generation: {error}") from error
    generator = Generator(experiment, config, field, functaset, geometry)
    if generator.count < FEWEST:
        raise StageError(
            f"{experiment.directory / 'functaset'}: {generator.count} training latents, expected "
            f"{FEWEST} or more; raise encode.train in config/scales/{experiment.cell.scale}.yaml"
        )
    return generator
