"""Trains a stage-2 network (a denoiser, a classifier): one loop, whatever its loss."""

from __future__ import annotations

import csv
import json
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, Self, cast

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field, model_validator
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel
from tqdm import tqdm

from lift.checkpoint import load_checkpoint, load_tensors, save_checkpoint, save_tensors
from lift.files import replacing
from lift.meta.training import Row, TrainingDivergedError
from lift.precision import Precision, products

Loss = Callable[[nn.Module, int], Tensor]
"""``loss(network, step)``: a scalar. It draws its signals by `lift.sampling` and any noise from
torch's global generator, which the loop seeds anew for every step."""

Validation = Callable[[nn.Module, int], dict[str, float]]
"""``validation(network, steps_done)``: named metrics for the curve, the one that matters first."""


class TrainingConfig(BaseModel):
    """How a network is trained. ``steps`` x ``batch`` is its budget in signals."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    batch: int = Field(ge=1)
    steps: int = Field(ge=1)
    rate: float = Field(gt=0, description="AdamW step size")
    schedule: Literal["constant", "cosine", "exponential"]
    warmup: int = Field(default=0, ge=0, description="steps of linear warm-up, part of `steps`")
    last_rate: float | None = Field(default=None, gt=0, description="end of `exponential`")
    weight_decay: float = Field(default=0, ge=0, description="of matrices; never biases and norms")
    clip: float | None = Field(default=None, gt=0, description="largest norm of the gradient")
    average: float | None = Field(
        default=None, gt=0, lt=1, description="largest decay of the moving average of the weights"
    )
    precision: Precision = "float32"
    compile: bool = False
    log_every: int = Field(default=50, ge=1)
    validate_every: int = Field(default=1000, ge=1)
    checkpoint_seconds: float = Field(default=60, ge=0)

    @model_validator(mode="after")
    def _exponential_has_an_end(self) -> Self:
        if (self.schedule == "exponential") != (self.last_rate is not None):
            raise ValueError(
                f"last_rate: {self.last_rate}, schedule: {self.schedule}; expected a last_rate "
                "for `exponential` and for no other schedule"
            )
        return self


COLUMNS = ("step", "signals", "seconds", "rate", "loss", "gradient_norm")
"""What every row of the curve has; a validation's metrics follow."""


class Trained(NamedTuple):
    """The network to use (the moving average where there is one), and its curve."""

    network: nn.Module
    curve: list[Row]


def learning_rate(config: TrainingConfig, step: int) -> float:
    """Step size: a linear warm-up, then constant, half a cosine to zero, or exponential decay."""
    if step < config.warmup:
        return config.rate * (step + 1) / config.warmup
    passed = (step - config.warmup) / max(config.steps - config.warmup, 1)
    if config.schedule == "cosine":
        return config.rate * (1 + math.cos(math.pi * passed)) / 2
    if config.last_rate is not None:
        return config.rate * (config.last_rate / config.rate) ** passed
    return config.rate


def optimizer_of(network: nn.Module, config: TrainingConfig) -> torch.optim.AdamW:
    """AdamW whose weight decay leaves biases and normalisations (vectors) alone."""
    parameters = [p for p in network.parameters() if p.requires_grad]
    matrices = [p for p in parameters if p.ndim > 1]
    vectors = [p for p in parameters if p.ndim <= 1]
    groups = [
        {"params": matrices, "weight_decay": config.weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW([group for group in groups if group["params"]], lr=config.rate)


def moving_average(network: nn.Module, largest_decay: float) -> AveragedModel:
    """An exponential moving average of the weights, whose decay starts low.

    The decay after ``n`` updates is ``min(largest_decay, (1 + n) / (10 + n))``, mNIF's (and
    TensorFlow's); buffers are copied.
    """

    @torch.no_grad()
    def update(
        averaged: Sequence[Tensor], current: Sequence[Tensor], updates: Tensor | int
    ) -> None:
        decay = min(largest_decay, (1 + int(updates)) / (10 + int(updates)))
        torch._foreach_lerp_(list(averaged), list(current), 1 - decay)

    average = AveragedModel(network, multi_avg_fn=update)
    return average.requires_grad_(False)


def train(
    network: nn.Module,
    loss: Loss,
    validation: Validation,
    config: TrainingConfig,
    *,
    directory: Path,
    name: str,
    seed: int,
    identity: str,
) -> Trained:
    """Trains ``network`` on the device it is on, and writes ``{name}.safetensors``.

    Weights of the same ``identity`` are read and not trained again; an unfinished training goes on
    from ``{name}_checkpoint.safetensors``. On one device type, a resumed run equals an
    uninterrupted one. The curve is also in ``{name}_curve.csv``.

    Args:
        identity: names the configuration, data and code of this run.

    Raises:
        TrainingDivergedError: the loss or its gradient is not finite.
        CheckpointError: a file is damaged.
    """
    device = next(network.parameters()).device
    weights = directory / f"{name}.safetensors"
    checkpoint = directory / f"{name}_checkpoint.safetensors"
    average = moving_average(network, config.average) if config.average else None
    final = average.module if average else network
    finished = _finished(weights, identity)
    if finished:
        final.load_state_dict(finished[0])
        return Trained(final.eval(), finished[1])

    optimizer = optimizer_of(network, config)
    trained = nn.ModuleDict({"network": network, **({"average": average} if average else {})})
    state = (
        load_checkpoint(checkpoint, trained, optimizer, identity) if checkpoint.exists() else None
    )
    start, curve = (state["step"], state["curve"]) if state else (0, [])
    forward = cast(nn.Module, torch.compile(network, dynamic=False)) if config.compile else network
    began = time.monotonic() - float((curve[-1]["seconds"] if curve else 0) or 0)
    saved = time.monotonic()
    window: list[float] = []

    bar = tqdm(total=config.steps, initial=start, desc=name, mininterval=2, dynamic_ncols=True)
    for step in range(start, config.steps):
        # Everything random in a step (noise, dropout) is a function of the seed and the step.
        torch.manual_seed(hash((seed, step)) % 2**63)
        network.train()
        with products(device, config.precision):
            value = loss(forward, step)
        value.backward()

        # Update the weights, unless they would be ruined.
        norm = torch.nn.utils.clip_grad_norm_(network.parameters(), config.clip or math.inf)
        window.append(value.item())
        gradient_norm = norm.item()
        _check_finite(name, step, window[-1], gradient_norm, config)
        rate = learning_rate(config, step)
        _descend(optimizer, rate)
        if average:
            average.update_parameters(network)

        # Say how it goes, and keep what has been done.
        bar.update()
        done = step + 1
        if done % config.log_every and done % config.validate_every and done != config.steps:
            continue
        numbers = round(time.monotonic() - began, 2), rate, float(np.mean(window)), gradient_norm
        check = done % config.validate_every == 0 or done == config.steps
        row = dict(zip(COLUMNS, (done, done * config.batch, *numbers), strict=True))
        curve.append({**row, **(validation(final.eval(), done) if check else {})})
        window.clear()
        bar.set_postfix(_shown(curve), refresh=False)
        if time.monotonic() - saved >= config.checkpoint_seconds and done != config.steps:
            progress = {"identity": identity, "step": done, "curve": curve}
            save_checkpoint(checkpoint, trained, optimizer, progress)
            write_rows(directory / f"{name}_curve.csv", curve)
            saved = time.monotonic()
    bar.close()
    write_rows(directory / f"{name}_curve.csv", curve)
    save_tensors(weights, final.state_dict(), {"identity": identity, "curve": json.dumps(curve)})
    checkpoint.unlink(missing_ok=True)
    return Trained(final.eval(), curve)


def _finished(weights: Path, identity: str) -> tuple[dict[str, Tensor], list[Row]] | None:
    """The weights and the curve of a finished training of this identity, if there is one."""
    if not weights.exists():
        return None
    tensors, metadata = load_tensors(weights)
    if metadata.get("identity") != identity:
        return None
    return tensors, json.loads(metadata["curve"])


def _descend(optimizer: torch.optim.Optimizer, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.step()
    optimizer.zero_grad()


def _check_finite(
    name: str, step: int, loss: float, gradient_norm: float, config: TrainingConfig
) -> None:
    if not (math.isfinite(loss) and math.isfinite(gradient_norm)):
        raise TrainingDivergedError(
            f"{name}, step {step}: loss {loss}, gradient norm {gradient_norm}; expected finite. "
            f"Lower rate (now {config.rate}) or set clip (now {config.clip}); the last checkpoint "
            "is kept"
        )


def write_rows(path: Path, rows: Sequence[Row]) -> None:
    """Writes a curve as CSV, whole or not at all; a metric that a row lacks is an empty field."""
    columns = list(dict.fromkeys([*COLUMNS, *(key for row in rows for key in row)]))
    with replacing(path) as unfinished, unfinished.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)


def _shown(curve: Sequence[Row]) -> dict[str, str]:
    """The latest loss, and the first metric of the latest validation."""
    names = ["loss", *[name for row in curve for name in row if name not in COLUMNS][:1]]
    return {name: f"{row[name]:.4g}" for row in curve for name in names if name in row}
