"""The outer loop: meta-learns a field's weights so that a few inner steps fit any signal."""

from __future__ import annotations

import torch
from torch import Tensor

from lift.bars import progress_bar
from lift.checkpoint import Checkpoint, save_tensors
from lift.field import NeuralField, Query
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
from lift.meta.parallel import ALONE, Team
from lift.meta.step import OuterStep, Signals
from lift.meta.tying import bring_together, tie, untie, untied_state
from lift.progress import Progress, Row, TrainingDivergedError, check_finite, due, keep, write_curve
from lift.psnr import psnr
from lift.sampling import ordered_batches, signals_at_once

COLLAPSE = 10.0
"""dB by which a training that goes well never falls below its best, a few steps' mean each."""


def signal_psnr(
    field: NeuralField,
    signals: Signals,
    query: Query,
    config: FitConfig,
    gradient_of: InnerGradient = inner_gradient,
    team: Team = ALONE,
) -> Tensor:
    """PSNR ``(n,)`` of signals that were not trained on, in float32 on the whole grid."""
    device = next(field.parameters()).device
    size, own = signals_at_once(field.domain, device, config.batch), team.share(len(signals))
    decibels = [torch.zeros(0, device=device)]
    for indices, kept in ordered_batches(own.stop - own.start, size):
        values = signals.batch(own.start + indices).to(device)
        latent = adapt(field, query, values, config.inner_steps, gradient_of=gradient_of)
        with torch.no_grad():
            decibels.append(psnr(squared_error(field, latent, query, values))[:kept])
    return team.whole(torch.cat(decibels), len(signals))


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
    directory = checkpoint.path.parent
    batch = team.shared(min(config.batch, len(train)))
    state = team.same(checkpoint.peek() if team.first else None)
    progress = Progress.restored(state) if state else Progress()
    regions = len(next(iter(field.regional_parameters()), ()))
    if progress.tied is None:  # a new training
        progress.tied = config.tied_steps > 0
    if progress.tied:
        tie(field)
    optimisers = Optimisers(field, config)
    if state:
        checkpoint.restore(field, optimisers.each)
    take_step = OuterStep(field, train, config, optimisers, batch=batch, seed=seed, team=team)
    gradient_of = gradient_function(config.compile, next(field.parameters()).device)

    def save() -> None:
        if team.first:
            checkpoint.save(field, optimisers.each, progress.state())
            write_curve(directory / "curve.csv", progress.rows)

    bar = progress_bar(
        total=config.steps, initial=progress.step, desc="fit", unit="step", shown=team.first
    )
    with stop_requests() as stop:
        while (step := progress.step) < config.steps:
            if progress.tied and step >= config.tied_steps:
                untie(field, regions, optimisers)
                progress.tied = False

            loss, decibels, norm, size = take_step(step)
            if config.agreement and not progress.tied:
                bring_together(field, size * config.agreement)

            # Say how it goes, and keep what has been done.
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
                    each = signal_psnr(
                        field, validation, take_step.whole_grid, config, gradient_of, team
                    )
                    row["validation_psnr"] = reached = each.mean().item()
                    if config.snapshots and team.first:
                        weights = directory / "snapshots" / f"{done}.safetensors"
                        save_tensors(
                            weights,
                            untied_state(field, regions),
                            checkpoint.metadata(progress.continued),
                        )
                check_finite(f"step {step}", config.calmer(), validation_psnr=reached)
            keep(progress, config.steps, config.checkpoint_seconds, team.agreed(stop), save)
    bar.close()
    if progress.tied:
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
