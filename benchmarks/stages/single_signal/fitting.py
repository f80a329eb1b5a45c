"""Fits one network to one task, as a search chose or tries it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn

from benchmarks.stages.single_signal.networks import network_of
from benchmarks.stages.single_signal.settings import (
    ScaleSizes,
    SingleSignalConfig,
    TaskSettings,
)
from benchmarks.stages.single_signal.tasks import SignalTask
from lift.checkpoint import Checkpoint
from lift.network_training import Trained, TrainingConfig, train

BLOCK = 65_536
"""Points evaluated at once."""
CHUNK = 8_192
"""Points differentiated at once on a CPU."""
VALIDATIONS = 10


class Choice(NamedTuple):
    """What a search chooses of a network and its training.

    ``first`` and ``hidden`` multiply the frequencies of the first layer and of the others, ``rate``
    is Adam's, and ``muon``, where it is not None, Muon's for matrices
    (`lift.network_training.NARROW`).
    """

    first: float
    hidden: float
    rate: float
    muon: float | None = None

    def __str__(self) -> str:
        muon = "" if self.muon is None else f"_muon{self.muon:.3g}"
        return f"first{self.first:g}_hidden{self.hidden:g}_rate{self.rate:.3g}{muon}"


def predict(network: nn.Module, coords: Tensor) -> Tensor:
    """Values ``(N, C)`` at coordinates, in blocks."""
    with torch.no_grad():
        return torch.cat([network(block) for block in coords.split(BLOCK)])


def content(coords: Tensor, values: Tensor) -> str:
    """Hash of what a network is shown of a signal."""
    found = hashlib.sha256()
    for tensor in (coords, values):
        found.update(tensor.cpu().contiguous().numpy().data)
    return found.hexdigest()


def squared_error(network: nn.Module, coords: Tensor, values: Tensor) -> Tensor:
    """Mean squared error over all points, to be differentiated once.

    On a CPU, chunks that fit its caches are differentiated one at a time, into the weights'
    ``.grad``, all but the last of them already here: 1.5 times as fast as 65,536 points at once.
    """
    size = CHUNK if coords.device.type == "cpu" else len(coords)
    chunks = list(zip(coords.split(size), values.split(size), strict=True))
    error = torch.zeros((), device=coords.device)
    for index, (where, what) in enumerate(chunks):
        part = (network(where) - what).square().sum() / values.numel()
        if index < len(chunks) - 1:
            part.backward()
            part = part.detach()
        error = error + part
    return error


@dataclass(frozen=True)
class Comparison:
    """One method on one task, under the shared protocol."""

    config: SingleSignalConfig
    scale: str
    task: SignalTask
    method: str
    directory: Path
    seed: int
    code: str
    resume_anyway: bool = False

    @property
    def settings(self) -> TaskSettings:
        """The task's rate and frequencies."""
        return self.config.tasks[self.task.name]

    @property
    def sizes(self) -> ScaleSizes:
        """Width, depth and budget."""
        return self.config.sizes(self.scale, self.task.name)

    def fit(
        self,
        name: str,
        choice: Choice,
        steps: int,
        points: int,
        observed: tuple[Tensor, Tensor],
        validation: Callable[[nn.Module, int], dict[str, float]],
        compile: bool = False,
    ) -> Trained:
        """Trains a fresh network on what is observed: random points of it, or all at once."""
        coords, values = observed
        torch.manual_seed(self.seed)
        made = network_of(
            self.method,
            self.config.methods[self.method],
            self.settings,
            self.sizes,
            self.task.shape[: coords.shape[1]],
            values.shape[1],
            choice.first,
            choice.hidden,
        )
        network = made.build().to(coords.device)
        points = min(points, len(coords))
        decay = self.sizes.decay or self.settings.decay

        def loss(network: nn.Module, _: int) -> Tensor:
            if points == len(coords):
                return squared_error(network, coords, values)
            chosen = torch.randint(len(coords), (points,)).to(coords.device)
            return squared_error(network, coords[chosen], values[chosen])

        training = TrainingConfig(
            batch=points,
            steps=steps,
            rate=choice.rate,
            muon_rate=choice.muon,
            schedule="exponential",
            # So far as a whole training's rate has come after as many steps.
            last_rate=choice.rate * decay ** (steps / self.sizes.steps),
            compile=compile,
            log_every=max(1, steps // VALIDATIONS),
            validate_every=max(1, steps // VALIDATIONS),
            checkpoint_seconds=30,
        )
        identity = {
            "network": name,
            "seed": self.seed,
            "signal": content(coords, values),
            "arguments": made.arguments,
            "training": training.identity(),
        }
        return train(
            network,
            loss,
            validation,
            training,
            checkpoint=Checkpoint(
                self.directory / f"{name}_checkpoint.safetensors",
                identity,
                self.code,
                self.resume_anyway,
            ),
            name=Path(name).name,
            seed=self.seed,
        )

    def final(self, optimiser: str, choice: Choice) -> Trained:
        """The whole training; its curve follows the task's own metric."""
        task = self.task
        name = f"{self.method}_{optimiser}_{task.signal}_seed{self.seed}"

        def validation(network: nn.Module, _: int) -> dict[str, float]:
            return {"psnr": task.measure(predict(network, task.grid).cpu())["psnr"]}

        observed, sizes = (task.coords, task.values), self.sizes
        return self.fit(
            name, choice, sizes.steps, sizes.points, observed, validation, sizes.compile
        )
