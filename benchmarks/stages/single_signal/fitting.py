"""Fits one network to one task, and chooses its rate and the factor of its frequencies."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from benchmarks.stages.single_signal.networks import network_of
from benchmarks.stages.single_signal.settings import (
    FITTING,
    ScaleSizes,
    SingleSignalConfig,
    TaskSettings,
)
from benchmarks.stages.single_signal.tasks import SignalTask, decibels
from lift.checkpoint import Checkpoint
from lift.network_training import Trained, TrainingConfig, train
from lift.progress import TrainingDivergedError

BLOCK = 65_536
"""Points evaluated at once."""
CHUNK = 8_192
"""Points differentiated at once on a CPU."""
HELD_OUT = 4
"""One observed point in four is held out of a search on a hidden target: super-resolution in the
demo observes 256, of which a tenth would leave the choice to chance."""
VALIDATIONS = 10


@dataclass(frozen=True)
class SearchResult:
    """A rate and a factor of frequencies, with the score (dB) that each candidate got."""

    rate: float
    factor: float
    by_rate: dict[float, float]
    by_factor: dict[float, float]


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
        rate: float,
        factor: float,
        steps: int,
        observed: tuple[Tensor, Tensor],
        validation: Callable[[nn.Module, int], dict[str, float]],
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
            factor,
        )
        network = made.build().to(coords.device)
        points = min(self.sizes.points, len(coords))

        def loss(network: nn.Module, _: int) -> Tensor:
            if points == len(coords):
                return squared_error(network, coords, values)
            chosen = torch.randint(len(coords), (points,)).to(coords.device)
            return squared_error(network, coords[chosen], values[chosen])

        training = TrainingConfig(
            batch=points,
            steps=steps,
            rate=rate,
            schedule="exponential",
            last_rate=rate * self.settings.decay,
            log_every=max(1, steps // VALIDATIONS),
            validate_every=max(1, steps // VALIDATIONS),
            checkpoint_seconds=30,
        )
        identity = {
            "network": name,
            "signal": content(coords, values),
            "arguments": made.arguments,
            "training": training.identity(),
            "sizes": self.sizes.model_dump(mode="json"),
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
            name=name,
            seed=self.seed,
        )

    def final(self, name: str, rate: float, factor: float) -> Trained:
        """The whole training; its curve follows the task's own metric."""
        task = self.task

        def validation(network: nn.Module, _: int) -> dict[str, float]:
            return {"psnr": task.measure(predict(network, task.grid).cpu())["psnr"]}

        steps = self.sizes.steps
        return self.fit(name, rate, factor, steps, (task.coords, task.values), validation)

    def search(self) -> SearchResult:
        """Short trainings, scored by what is observed and never by a hidden target."""
        coords, values = self.task.coords, self.task.values
        order = torch.randperm(len(coords), generator=torch.Generator().manual_seed(0))
        held = order[::HELD_OUT]
        if self.task.name in FITTING:
            seen = coords, values
        else:
            kept = order[torch.arange(len(order)) % HELD_OUT > 0]
            seen = coords[kept], values[kept]

        def score(name: str, rate: float, factor: float) -> float:
            def validation(network: nn.Module, done: int) -> dict[str, float]:
                if done < steps:
                    return {}
                return {"score": decibels(predict(network, coords[held]), values[held])}

            try:
                curve = self.fit(f"search/{name}", rate, factor, steps, seen, validation).curve
            except TrainingDivergedError:
                return float("-inf")
            return float(curve[-1]["score"] or 0)

        steps = self.sizes.search_steps
        published = self.settings.rate
        by_factor = {
            factor: score(f"{self.method}_factor{factor:g}", published, factor)
            for factor in self.config.frequency_factors
        }
        factor = max(by_factor, key=by_factor.__getitem__)
        by_rate = {published: by_factor[factor]} | {
            rate: score(f"{self.method}_rate{rate:g}", rate, factor) for rate in self.settings.rates
        }
        return SearchResult(max(by_rate, key=by_rate.__getitem__), factor, by_rate, by_factor)
