"""Trains a stage-2 network (a denoiser, a classifier): one loop, whatever its loss."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

import torch
from pydantic import BaseModel, ConfigDict, Field, model_validator
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.swa_utils import AveragedModel

from lift.bars import progress_bar
from lift.checkpoint import (
    Checkpoint,
    Continuation,
    differences,
    load_metadata,
    load_tensors,
    move_aside,
    save_tensors,
)
from lift.compiling import compiled
from lift.convolutions import CONVOLUTIONS
from lift.interrupt import stop_requests
from lift.muon import Muon
from lift.precision import Precision, products
from lift.progress import Progress, Row, check_finite, due, keep, write_curve
from lift.schedule import Schedule, factor

Loss = Callable[[nn.Module, int], Tensor]
"""``loss(network, step)``: a scalar. It draws its signals by `lift.sampling` and any noise from
torch's global generator, which the loop seeds anew for every step."""

Validation = Callable[[nn.Module, int], dict[str, float]]
"""``validation(network, steps_done)``: named metrics for the curve, the one that matters first."""


NARROW = 3
"""A matrix of no longer side comes from coordinates or leads to values: AdamW's, beside Muon."""


class TrainingConfig(BaseModel):
    """How a network is trained. ``steps`` x ``batch`` is its budget in signals."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    batch: int = Field(ge=1)
    steps: int = Field(ge=1)
    rate: float = Field(gt=0, description="AdamW step size")
    schedule: Schedule
    warmup: int = Field(default=0, ge=0, description="steps of linear warm-up, part of `steps`")
    last_rate: float | None = Field(default=None, gt=0, description="end of `exponential`")
    muon_rate: float | None = Field(
        default=None, gt=0, description="Muon takes matrices, AdamW the rest, in AdamW's scale"
    )
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

    def identity(self) -> dict[str, Any]:
        """The settings that change weights, as a JSON value: not what only watches a training."""
        watching = {"log_every", "validate_every", "checkpoint_seconds"}
        return self.model_dump(mode="json", exclude=watching)

    def calmer(self) -> str:
        """What to change of a training that diverges."""
        muon = f" or muon_rate (now {self.muon_rate})" if self.muon_rate else ""
        return f"Lower rate (now {self.rate}){muon} or set clip (now {self.clip})"

    def among(self, signals: int) -> Self:
        """The same, with a batch of no more than there are."""
        return self.model_copy(update={"batch": min(self.batch, signals)})

    @model_validator(mode="after")
    def _exponential_has_an_end(self) -> Self:
        if (self.schedule == "exponential") != (self.last_rate is not None):
            raise ValueError(
                f"last_rate: {self.last_rate}, schedule: {self.schedule}; expected a last_rate "
                "for `exponential` and for no other schedule"
            )
        return self


class Trained(NamedTuple):
    """The network to use (the moving average where there is one), and its curve.

    ``continued`` lists where a state of other settings was continued.
    """

    network: nn.Module
    curve: list[Row]
    continued: list[Continuation]


def optimizers_of(network: nn.Module, config: TrainingConfig) -> list[Optimizer]:
    """AdamW, whose weight decay leaves biases and normalisations alone, and Muon where it is set.

    Muon's steps have the root mean square that AdamW's typically have at the same rate, so that
    rates compare (Liu et al., arXiv 2502.16982): ``0.2 sqrt(max(m, n))`` for ``(m, n)``, for
    complex numbers, which are two each, the root of two more.
    """
    convolutions = tuple(CONVOLUTIONS.values())
    kernels = {id(m.weight) for m in network.modules() if isinstance(m, convolutions)}

    def sides(weight: nn.Parameter) -> tuple[int, ...]:
        kernel = id(weight) in kernels
        return (len(weight), weight[0].numel()) if kernel else tuple(weight.shape[-2:])

    named = [(name, p) for name, p in network.named_parameters() if p.requires_grad]
    # Biases of one linear map a cell are no vectors.
    biases = [p for name, p in named if p.ndim <= 1 or name.endswith("bias")]
    rest = {id(p) for p in biases}
    weights = [p for _, p in named if id(p) not in rest]
    matrices = [p for p in weights if config.muon_rate and min(sides(p)) > NARROW]
    rest |= {id(p) for p in matrices}
    groups = [
        {"params": biases, "weight_decay": 0.0},
        {
            "params": [p for p in weights if id(p) not in rest],
            "weight_decay": config.weight_decay,
        },
    ]
    groups = [group for group in groups if group["params"]]
    each: list[Optimizer] = [torch.optim.AdamW(groups, lr=config.rate)] if groups else []
    if config.muon_rate and matrices:
        scaled = [
            {
                "params": [matrix],
                "lr": config.muon_rate
                * 0.2
                * math.sqrt(max(sides(matrix)) * (1 + matrix.is_complex())),
                "kernels": id(matrix) in kernels,
            }
            for matrix in matrices
        ]
        each.append(
            Muon(scaled, config.muon_rate, weight_decay=config.weight_decay, of_field=False)
        )
    return each


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
    checkpoint: Checkpoint,
    name: str,
    seed: int,
) -> Trained:
    """Trains ``network`` on the device it is on, and writes ``{name}.safetensors``.

    Weights of the same identity are read and not trained again, and those of another one moved
    aside; an unfinished training goes on from ``checkpoint``. On one device type, a resumed run
    equals an uninterrupted one. Weights and the curve (``{name}_curve.csv``) lie beside the
    checkpoint.

    Raises:
        TrainingDivergedError: the loss, its gradient or a validation's metric is not finite.
        CheckpointError: a file is damaged.
        lift.interrupt.Interrupted: the process was asked to stop; everything so far is saved.
    """
    device, directory = next(network.parameters()).device, checkpoint.path.parent
    weights = directory / f"{name}.safetensors"
    average = moving_average(network, config.average) if config.average else None
    final = average.module if average else network
    finished = _finished(weights, checkpoint)
    if finished:
        tensors, curve, continued = finished
        final.load_state_dict(tensors)
        write_curve(directory / f"{name}_curve.csv", curve)
        return Trained(final.eval(), curve, continued)

    optimizers = optimizers_of(network, config)
    rates = [[group["lr"] for group in one.param_groups] for one in optimizers]
    trained = nn.ModuleDict({"network": network, **({"average": average} if average else {})})
    state = checkpoint.peek()
    progress = Progress.restored(state) if state else Progress()
    if state:
        checkpoint.restore(trained, optimizers)
    forward = compiled(network, device) if config.compile else network
    last_factor = config.last_rate and config.last_rate / config.rate

    def save() -> None:
        checkpoint.save(trained, optimizers, progress.state())
        write_curve(directory / f"{name}_curve.csv", progress.rows)

    bar = progress_bar(total=config.steps, initial=progress.step, desc=name, unit="step")
    with stop_requests() as stop:
        while (step := progress.step) < config.steps:
            where = f"{name}, step {step}"
            # Everything random in a step (noise, dropout) is a function of the seed and the step.
            torch.manual_seed(hash((seed, step)) % 2**63)
            network.train()
            with products(device, config.precision, of_field=False):
                value = loss(forward, step)
            value.backward()

            # Update the weights, unless they would be ruined.
            norm = nn.utils.clip_grad_norm_(network.parameters(), config.clip or math.inf).item()
            check_finite(where, config.calmer(), loss=value.item(), gradient_norm=norm)
            size = factor(
                config.schedule, step, config.steps, warmup=config.warmup, last=last_factor
            )
            for one, largest in zip(optimizers, rates, strict=True):
                for group, rate in zip(one.param_groups, largest, strict=True):
                    group["lr"] = size * rate
                one.step()
                one.zero_grad()
            if average:
                average.update_parameters(network)

            # Say how it goes, and keep what has been done.
            progress.record(config.batch, loss=value.item())
            bar.update()
            done, check = progress.step, due(progress.step, config.validate_every, config.steps)
            if check or due(done, config.log_every, config.steps):
                row = progress.row(rate=size * config.rate, gradient_norm=norm)
            if check:
                with progress.paused():
                    metrics = validation(final.eval(), done)
                check_finite(where, config.calmer(), **metrics)
                row.update(metrics)
            bar.set_postfix(_shown(progress.rows), refresh=False)
            keep(progress, config.steps, config.checkpoint_seconds, stop, save)
    bar.close()
    write_curve(directory / f"{name}_curve.csv", progress.rows)
    metadata = {**checkpoint.metadata(progress.continued), "curve": progress.rows}
    save_tensors(weights, final.state_dict(), metadata)
    checkpoint.path.unlink(missing_ok=True)
    return Trained(final.eval(), progress.rows, progress.continued)


def _finished(
    weights: Path, checkpoint: Checkpoint
) -> tuple[dict[str, Tensor], list[Row], list[Continuation]] | None:
    """The weights, curve and continuations of a finished training of this identity, if it is there.

    Weights of another one are moved aside: nothing else is left of their training.
    """
    if not weights.exists():
        return None
    metadata = load_metadata(weights)
    if changes := differences(metadata.get("identity", {}), checkpoint.identity):
        move_aside(weights, changes, "training again")
        return None
    checkpoint.say_code_changed(weights, metadata["code"])
    return load_tensors(weights)[0], metadata["curve"], metadata.get("continued", [])


def _shown(curve: Sequence[Row]) -> dict[str, str]:
    """The latest loss, and the first metric of the latest validation."""
    standing = ("step", "signals", "seconds", "rate", "loss", "gradient_norm")
    names = ["loss", *[name for row in curve for name in row if name not in standing][:1]]
    return {name: f"{row[name]:.4g}" for row in curve for name in names if name in row}
