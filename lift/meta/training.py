"""The outer loop: meta-learns a field's weights so that a few inner steps fit any signal."""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from lift.bars import progress_bar
from lift.checkpoint import Checkpoint, save_tensors
from lift.field import Latent, NeuralField, Query
from lift.interrupt import stop_requests
from lift.meta.config import FitConfig
from lift.meta.inner import (
    InnerGradient,
    adapt,
    gradient_function,
    inner_gradient,
    squared_error,
)
from lift.meta.optimisers import Optimisers
from lift.meta.outer import meta_step
from lift.meta.parallel import ALONE, Team
from lift.meta.tying import bring_together, tie, untie, untied_state
from lift.precision import products
from lift.progress import Progress, Row, TrainingDivergedError, due, keep, write_curve
from lift.psnr import psnr
from lift.sampling import (
    Indices,
    batch_indices,
    jittered_points,
    ordered_batches,
    signals_at_once,
)
from lift.schedule import factor

COLLAPSE = 10.0
"""dB by which a training that goes well never falls below its best, a few steps' mean each."""


class Signals(Protocol):
    """Signals on a grid, read in batches."""

    def __len__(self) -> int: ...

    def batch(self, indices: Indices) -> Tensor:
        """Float values ``(B, R**D, C)`` in ``[0, 1]``, the grid in row-major order."""

    @property
    def labels(self) -> np.ndarray | None:
        """Class of each signal ``(len(self),)``; None where there are none."""


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


def validate(
    field: NeuralField,
    signals: Signals,
    query: Query,
    config: FitConfig,
    gradient_of: InnerGradient = inner_gradient,
    team: Team = ALONE,
) -> float:
    """Mean PSNR of signals that were not trained on, in float32 on the whole grid."""
    device = next(field.parameters()).device
    size, own = signals_at_once(field.domain, device, config.batch), team.share(len(signals))
    decibels = [torch.zeros(0, device=device)]
    for indices, kept in ordered_batches(own.stop - own.start, size):
        values = signals.batch(own.start + indices).to(device)
        latent = adapt(field, query, values, config.inner_steps, gradient_of=gradient_of)
        with torch.no_grad():
            decibels.append(psnr(squared_error(field, latent, query, values))[:kept])
    return team.whole(torch.cat(decibels), len(signals)).mean().item()


def fit(
    field: NeuralField,
    train: Signals,
    validation: Signals,
    config: FitConfig,
    *,
    checkpoint: Checkpoint,
    seed: int,
    team: Team = ALONE,
) -> list[Row]:
    """Trains ``field`` in place, on the device it is on, and writes ``field.safetensors``.

    The weights are rounded to what is kept of them, after the curve's last validation.

    Continues from ``checkpoint`` where there is one; on one device type, the resumed run equals an
    uninterrupted one. Weights, the curve (``curve.csv``) and snapshots lie beside it.

    Args:
        validation: signals held out of the training split, for the curve alone.
        team: processes that share every batch; the first one writes.

    Returns:
        the curve: a row every ``log_every`` steps and at every validation.

    Raises:
        TrainingDivergedError: the loss, its gradient or a validation is not finite.
        CheckpointError: the checkpoint is damaged.
        ValueError: tied regions are asked of a field that has none.
        lift.meta.parallel.TeamError: a batch has fewer signals than the team processes, or one of
            them has ended.
        lift.interrupt.Interrupted: the process was asked to stop; everything so far is saved.
    """
    device, directory = next(field.parameters()).device, checkpoint.path.parent
    batch = team.shared(min(config.batch, len(train)))
    state = team.same(checkpoint.peek() if team.first else None)
    progress = Progress.restored(state) if state else Progress()
    regions = len(next(iter(field.regional_parameters()), ()))
    tied = config.tied_steps > 0 and progress.step <= config.tied_steps  # as the state was saved
    if tied:
        tie(field)
    optimisers = Optimisers(field, config)
    if state:
        checkpoint.restore(field, optimisers.each)
    whole_grid = field.locate(field.domain.grid(device=device))
    take_step = meta_step(
        field,
        config.inner_steps,
        config.gradient,
        micro_batch=config.micro_batch,
        compile=config.compile,
    )
    gradient_of = gradient_function(config.compile)

    def save() -> None:
        if team.first:
            checkpoint.save(field, optimisers.each, progress.state())
            write_curve(directory / "curve.csv", progress.rows)

    bar = progress_bar(
        total=config.steps, initial=progress.step, desc="fit", unit="step", shown=team.first
    )
    with stop_requests() as stop:
        while (step := progress.step) < config.steps:
            if tied and step >= config.tied_steps:
                untie(field, regions, optimisers)
                tied = False

            # Adapt the latents and differentiate through their adaptation.
            # What a classifier drops in a step is a function of the seed, the step and the process.
            torch.manual_seed(hash((seed, step, team.rank)) % 2**63)
            query, values, labels = draw(field, train, whole_grid, config, step, seed, team)
            first = noisy_start(field, batch, config, hash((seed, step)) % 2**63, team)
            with products(device, config.precision):
                result = take_step(query, values, first, labels)
            result = team.meet(field.parameters(), result, batch)

            # Update the weights, unless they would be ruined.
            norm, loss = optimisers.gradient_norm(config.clip), result.loss.item()
            check_finite(step, config, loss=loss, gradient_norm=norm)
            size = factor(config.schedule, step, config.steps, warmup=config.warmup)
            optimisers.step(size)
            if config.agreement and not tied:
                bring_together(field, size * config.agreement)

            # Say how it goes, and keep what has been done.
            decibels = psnr(result.mse).mean().item()
            progress.follow(decibels)
            check_held(step, config, progress)
            progress.record(batch, loss=loss, train_psnr=decibels)
            bar.set_postfix(psnr=f"{decibels:.2f} dB", refresh=False)
            bar.update()
            done, check = progress.step, due(progress.step, config.validate_every, config.steps)
            if check or due(done, config.log_every, config.steps):
                row = progress.row(rate=size * config.rate, gradient_norm=norm)
                row["validation_psnr"] = None
            if check:
                with progress.paused():
                    reached = validate(field, validation, whole_grid, config, gradient_of, team)
                    row["validation_psnr"] = reached
                    if config.snapshots and team.first:
                        weights = directory / "snapshots" / f"{done}.safetensors"
                        save_tensors(
                            weights,
                            untied_state(field, regions),
                            checkpoint.metadata(progress.continued),
                        )
                check_finite(step, config, validation_psnr=reached)
            keep(progress, config.steps, config.checkpoint_seconds, team.agreed(stop), save)
    bar.close()
    if tied:
        untie(field, regions)
    keep_products(field, getattr(torch, config.kept), progress, checkpoint, team)
    return progress.rows


@torch.no_grad()
def keep_products(
    field: NeuralField, dtype: torch.dtype, progress: Progress, checkpoint: Checkpoint, team: Team
) -> None:
    """Rounds a field's weights in place to what ``dtype`` holds, and writes them and the curve.

    A finished training that is run again puts back what was lost of either.
    """
    kept = {name: tensor.to(dtype) for name, tensor in field.state_dict().items()}
    field.load_state_dict(kept)
    if team.first:
        weights = checkpoint.path.with_name("field.safetensors")
        save_tensors(weights, kept, checkpoint.metadata(progress.continued))
        write_curve(checkpoint.path.with_name("curve.csv"), progress.rows)
    team.wait()


def check_held(step: int, config: FitConfig, progress: Progress) -> None:
    """Stops a training whose inner loop has become unstable, mostly before that state is saved.

    Raises:
        TrainingDivergedError: the PSNR of a few steps lies far below what such a mean had reached.
    """
    level, best = progress.level, progress.best_level
    if level is not None and best is not None and level < best - COLLAPSE:
        raise TrainingDivergedError(
            f"step {step}: {level:.1f} dB after {best:.1f} dB had been reached; expected no "
            f"fall by more than {COLLAPSE:.0f}. Lower fit.rate (now {config.rate}), "
            f"fit.rates_rate (now {config.rates_rate}) or fit.clip (now {config.clip}), and "
            "continue the last checkpoint with --resume-anyway"
        )


def check_finite(step: int, config: FitConfig, **numbers: float) -> None:
    """Stops a training that is being ruined.

    Raises:
        TrainingDivergedError: a number is not finite.
    """
    if not all(math.isfinite(number) for number in numbers.values()):
        found = ", ".join(f"{name} {number}" for name, number in numbers.items())
        raise TrainingDivergedError(
            f"step {step}: {found}; expected finite. Lower fit.rate (now {config.rate}) or the "
            f"field's inner rates, or set fit.clip (now {config.clip}); the last checkpoint is kept"
        )
