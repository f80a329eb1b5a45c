"""The outer loop: meta-learns a field's weights so that a few inner steps fit any signal."""

from __future__ import annotations

import csv
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from lift.checkpoint import load_checkpoint, save_checkpoint, save_tensors
from lift.field import Latent, NeuralField, Query
from lift.files import replacing
from lift.meta.choice import Choice, fastest
from lift.meta.config import FitConfig
from lift.meta.inner_loop import Kernels, adapt, squared_error
from lift.precision import products
from lift.psnr import psnr
from lift.sampling import (
    Indices,
    batch_indices,
    jittered_points,
    ordered_batches,
    signals_at_once,
)

Row = dict[str, float | None]
COLUMNS = (
    "step", "signals", "seconds", "rate", "loss", "gradient_norm", "train_psnr", "validation_psnr"
)  # fmt: skip


class Signals(Protocol):
    """Signals on a grid, read in batches."""

    def __len__(self) -> int: ...

    def batch(self, indices: Indices) -> Tensor:
        """Float values ``(B, R**D, C)`` in ``[0, 1]``, the grid in row-major order."""


class TrainingDivergedError(RuntimeError):
    """The loss or its gradient stopped being finite."""


def learning_rate(config: FitConfig, step: int) -> float:
    """Outer step size: constant, or half a cosine from ``rate`` to zero."""
    if config.schedule == "constant":
        return config.rate
    return config.rate * (1 + math.cos(math.pi * step / config.steps)) / 2


def draw(
    field: NeuralField, train: Signals, whole_grid: Query, config: FitConfig, step: int, seed: int
) -> tuple[Query, Tensor]:
    """A step's signals, and its points where the whole grid is more than a step needs."""
    device = next(field.parameters()).device
    values = train.batch(batch_indices(step, config.batch, len(train), seed)).to(device)
    if config.stride == 1:
        return whole_grid, values
    points = torch.from_numpy(jittered_points(field.domain, config.stride, step, seed)).to(device)
    return field.locate(field.domain.grid(device=device)[:, points]), values[:, points]


def noisy_start(field: NeuralField, values: Tensor, config: FitConfig, key: int) -> Latent | None:
    """Gaussian latents that depend on nothing but the key; None for zero ones."""
    if not config.latent_noise:
        return None
    noise = torch.Generator().manual_seed(key)
    return {
        name: config.latent_noise * torch.randn(tensor.shape, generator=noise).to(tensor.device)
        for name, tensor in field.zero_latent(len(values)).items()
    }


def validate(
    field: NeuralField, signals: Signals, query: Query, config: FitConfig, kernels: Kernels
) -> float:
    """Mean PSNR of signals that were not trained on, in float32 on the whole grid."""
    device = next(field.parameters()).device
    size = signals_at_once(field.domain, device, config.batch)
    decibels = []
    for indices, kept in ordered_batches(len(signals), size):
        values = signals.batch(indices).to(device)
        latent = adapt(field, query, values, config.inner_steps, kernels=kernels)
        with torch.no_grad():
            decibels.append(psnr(squared_error(field, latent, query, values))[:kept])
    return torch.cat(decibels).mean().item()


def choose(
    field: NeuralField, train: Signals, whole_grid: Query, config: FitConfig, seed: int
) -> Choice:
    """How this training takes its meta-steps: as configured, or by timing the first of them."""
    if config.compile != "auto" or not config.compiles:
        return Choice(config.order, config.compiles)
    query, values = draw(field, train, whole_grid, config, 0, seed)
    with products(values.device, config.precision):
        return fastest(field, query, values, config.inner_steps, config.order)


def fit(
    field: NeuralField,
    train: Signals,
    validation: Signals,
    config: FitConfig,
    *,
    directory: Path,
    seed: int,
    identity: str,
) -> list[Row]:
    """Trains ``field`` in place, on the device it is on, and writes ``field.safetensors``.

    Continues from ``checkpoint.safetensors`` where ``identity`` says that the same configuration
    and code made it; on one device type, the resumed run equals an uninterrupted one.

    Args:
        validation: signals held out of the training split, for the curve alone.
        identity: names the configuration, data and code of this run.

    Returns:
        the curve, one row every ``log_every`` steps, also in ``curve.csv``; its ``seconds`` are
        those of training, compilation included and validation not.

    Raises:
        TrainingDivergedError: the loss or its gradient is not finite.
        CheckpointError: the checkpoint is damaged.
    """
    device = next(field.parameters()).device
    optimizer = torch.optim.Adam(field.parameters(), lr=config.rate)
    checkpoint = directory / "checkpoint.safetensors"
    state = load_checkpoint(checkpoint, field, optimizer, identity) if checkpoint.exists() else None
    start: int = state["step"] if state else 0
    curve: list[Row] = state["curve"] if state else []
    whole_grid = field.locate(field.domain.grid(device=device))
    began = time.monotonic() - float((curve[-1]["seconds"] if curve else 0) or 0)
    # A continued run keeps its way to take a step, to the bit.
    choice = (
        Choice(*state["meta_step"]) if state else choose(field, train, whole_grid, config, seed)
    )
    take_step, kernels = choice.step(field, config.inner_steps), choice.kernels()
    saved = time.monotonic()
    window: list[tuple[float, float]] = []

    bar = tqdm(total=config.steps, initial=start, desc="fit", mininterval=2, dynamic_ncols=True)
    for step in range(start, config.steps):
        query, values = draw(field, train, whole_grid, config, step, seed)

        # Adapt the latents and differentiate through their adaptation.
        first = noisy_start(field, values, config, key=hash((seed, step)) % 2**63)
        with products(device, config.precision):
            result = take_step(query, values, first)

        # Update the weights, unless they would be ruined.
        norm = torch.nn.utils.clip_grad_norm_(field.parameters(), config.clip or math.inf)
        loss, gradient_norm = result.loss.item(), norm.item()
        if not (math.isfinite(loss) and math.isfinite(gradient_norm)):
            raise TrainingDivergedError(
                f"step {step}: loss {loss}, gradient norm {gradient_norm}; expected finite. "
                f"Lower fit.rate (now {config.rate}) or the field's inner rates, or set fit.clip "
                f"(now {config.clip}); the last checkpoint is kept"
            )
        rate = learning_rate(config, step)
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.step()
        optimizer.zero_grad()

        # Say how it goes, and keep what has been done.
        window.append((loss, psnr(result.mse).mean().item()))
        bar.set_postfix(psnr=f"{window[-1][1]:.2f} dB", refresh=False)
        bar.update()
        done = step + 1
        if done % config.log_every and done != config.steps:
            continue
        row: Row = {
            "step": done,
            "signals": done * len(values),
            "seconds": round(time.monotonic() - began, 2),
            "rate": rate,
            "loss": float(np.mean([entry[0] for entry in window])),
            "gradient_norm": gradient_norm,
            "train_psnr": float(np.mean([entry[1] for entry in window])),
            "validation_psnr": None,
        }
        if done % config.validate_every == 0 or done == config.steps:
            paused = time.monotonic()
            row["validation_psnr"] = validate(field, validation, whole_grid, config, kernels)
            if config.snapshots:
                weights = directory / "snapshots" / f"{done}.safetensors"
                save_tensors(weights, dict(field.state_dict()), {"identity": identity})
            began += time.monotonic() - paused  # the curve's clock is that of training
        curve.append(row)
        window.clear()
        if time.monotonic() - saved >= config.checkpoint_seconds or done == config.steps:
            progress = {"identity": identity, "step": done, "curve": curve, "meta_step": choice}
            save_checkpoint(checkpoint, field, optimizer, progress)
            write_curve(directory / "curve.csv", curve)
            saved = time.monotonic()
    bar.close()
    save_tensors(
        directory / "field.safetensors",
        dict(field.state_dict()),
        {"identity": identity, "meta_step": str(choice)},
    )
    return curve


def write_curve(path: Path, curve: Sequence[Row]) -> None:
    """Writes the training curve as CSV, whole or not at all."""
    with replacing(path) as unfinished, unfinished.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(curve)
