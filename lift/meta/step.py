"""One step of the outer loop: a batch adapts its latents, and the weights follow."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

from lift.field import Latent, NeuralField, Query
from lift.meta.config import FitConfig
from lift.meta.optimisers import Optimisers
from lift.meta.outer import meta_step
from lift.meta.parallel import Team
from lift.precision import products
from lift.progress import check_finite
from lift.psnr import psnr
from lift.sampling import Indices, batch_indices, jittered_points
from lift.schedule import factor


class Signals(Protocol):
    """Signals on a grid, read in batches."""

    def __len__(self) -> int: ...

    def batch(self, indices: Indices) -> Tensor:
        """Float values ``(B, R**D, C)`` in ``[0, 1]``, the grid in row-major order."""

    @property
    def labels(self) -> np.ndarray | None:
        """Class of each signal ``(len(self),)``; None where there are none."""


class Stepped(NamedTuple):
    """What a step found before it changed the weights.

    ``size`` is what it multiplied the configured step sizes by, ``norm`` the gradient's before it
    was cut, ``psnr`` (dB) the batch's mean after its inner steps.
    """

    loss: float
    psnr: float
    norm: float
    size: float


class OuterStep:
    """Takes the steps of one training, by their number.

    Args:
        train: signals that batches are drawn of.
        batch: signals of a step, of all processes together.
        team: processes that share every batch.

    Raises:
        TrainingDivergedError: the loss or its gradient is not finite; the weights are as before.
    """

    def __init__(
        self,
        field: NeuralField,
        train: Signals,
        config: FitConfig,
        optimisers: Optimisers,
        *,
        batch: int,
        seed: int,
        team: Team,
    ) -> None:
        self.field, self.train, self.config, self.optimisers = field, train, config, optimisers
        self.batch, self.seed, self.team = batch, seed, team
        self.device = next(field.parameters()).device
        self.whole_grid = field.locate(field.domain.grid(device=self.device))
        self.take = meta_step(
            field,
            config.inner_steps,
            config.gradient,
            micro_batch=config.micro_batch,
            compile=config.compile,
        )

    def __call__(self, step: int) -> Stepped:
        config, seed, team = self.config, self.seed, self.team
        # What a classifier drops in a step is a function of the seed, the step and the process.
        torch.manual_seed(hash((seed, step, team.rank)) % 2**63)
        query, values, labels = draw(
            self.field, self.train, self.whole_grid, config, step, seed, team
        )
        first = noisy_start(self.field, self.batch, config, hash((seed, step)) % 2**63, team)
        with products(self.device, config.precision):
            result = self.take(query, values, first, labels)
        result = team.meet(self.field.parameters(), result, self.batch)

        norm, loss = self.optimisers.gradient_norm(config.clip), result.loss.item()
        check_finite(f"step {step}", config.calmer(), loss=loss, gradient_norm=norm)
        size = factor(config.schedule, step, config.steps, warmup=config.warmup)
        self.optimisers.step(size)
        return Stepped(loss, psnr(result.mse).mean().item(), norm, size)


def draw(
    field: NeuralField,
    train: Signals,
    whole_grid: Query,
    config: FitConfig,
    step: int,
    seed: int,
    team: Team,
) -> tuple[Query, Tensor, Tensor | None]:
    """A step's signals of this process, and its points where a step needs less than the grid.

    Returns:
        points, values there, and classes where they are part of the outer loss.
    """
    device = next(field.parameters()).device
    indices = batch_indices(step, config.batch, len(train), seed)
    own = indices[team.share(len(indices))]
    values, labels = train.batch(own).to(device), None
    if config.labels:
        assert train.labels is not None, "who builds the classifier asks for labelled signals"
        labels = torch.from_numpy(train.labels[own].astype(np.int64)).to(device)
    if config.stride == 1:
        return whole_grid, values, labels
    points = torch.from_numpy(jittered_points(field.domain, config.stride, step, seed)).to(device)
    return field.locate(field.domain.grid(device=device)[:, points]), values[:, points], labels


def noisy_start(
    field: NeuralField, batch: int, config: FitConfig, key: int, team: Team
) -> Latent | None:
    """This process's Gaussian latents of a batch, by nothing but the key; None for zero ones."""
    if not config.latent_noise:
        return None
    noise, own = torch.Generator().manual_seed(key), team.share(batch)
    return {
        name: (config.latent_noise * torch.randn(zero.shape, generator=noise)).to(zero.device)[own]
        for name, zero in field.zero_latent(batch).items()
    }
