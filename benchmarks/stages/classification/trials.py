"""Trains and measures the classifiers of one cell, whatever they read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from baselines.torchvision_guard import import_torchvision
from benchmarks.figures.classification import (
    classifier_curves,
    copies_figure,
)
from benchmarks.metrics.linear_probe import linear_probe
from benchmarks.records.confusion import write_confusion
from benchmarks.records.result import Budget, Metric, SplitName
from benchmarks.stages.classification.heads import HeadCost, Shapes, build_head, head_cost
from benchmarks.stages.classification.inputs import Inputs, vectors
from benchmarks.stages.classification.settings import Classification
from lift.checkpoint import Checkpoint, Identity, described
from lift.field import Latent
from lift.network_training import train
from lift.precision import products
from lift.progress import Row

HELD_OUT_BATCH = 250


@dataclass(frozen=True)
class ClassificationTask:
    """What is classified, how, and where the files go."""

    config: Classification
    classes: tuple[str, ...]
    directory: Path
    title: str
    device: torch.device
    seed: int
    read: Identity
    """What the classifier reads, by its hashes."""
    code: str
    resume_anyway: bool = False

    def checkpoint(self, copies: int) -> Checkpoint:
        """The state of one classifier's training."""
        identity = {
            **self.config.model_dump(mode="json"),
            "training": self.config.training.identity(),
            "copies": copies,
            "seed": self.seed,
            **self.read,
        }
        path = self.directory / f"classifier_{copies}_checkpoint.safetensors"
        return Checkpoint(path, identity, self.code, self.resume_anyway)


@dataclass(frozen=True)
class Trial:
    """One trained classifier; ``predicted`` are classes ``(n,)`` of the test split.

    ``note`` says where its training was continued with other settings.
    """

    copies: int
    parameters: int
    cost: HeadCost
    validation: float
    predicted: Tensor
    curve: list[Row]
    note: str


def predictions(
    network: nn.Module, inputs: Inputs, split: SplitName, task: ClassificationTask
) -> Tensor:
    """Predicted class of each signal of a split, ``(n,)``."""
    count, parts = len(inputs.labels[split]), []
    for first in range(0, count, HELD_OUT_BATCH):
        rows = np.arange(first, min(first + HELD_OUT_BATCH, count))
        signal = on_device(inputs.originals(split, rows), task.device)
        short = products(task.device, task.config.training.precision, of_field=False)
        with torch.no_grad(), short:
            parts.append(network(signal).argmax(1).cpu())
    return torch.cat(parts)


def top1(predicted: Tensor | np.ndarray, labels: Tensor) -> float:
    """Share of right answers, in percent."""
    return 100 * float((torch.as_tensor(predicted) == labels).double().mean())


def trial(inputs: Inputs, copies: int, task: ClassificationTask) -> Trial:
    """Trains one classifier; the test split is read once, at the end."""
    config, shapes = task.config, inputs.shapes()
    torch.manual_seed(task.seed)
    head = build_head(config.settings.head, shapes, len(task.classes), config.settings.settings)
    cost = head_cost(head, shapes)
    mixed = mixer(shapes, len(task.classes)) if config.settings.mix else None

    def loss(network: nn.Module, step: int) -> Tensor:
        signal, labels = inputs.training_batch(step, config.training.batch, task.seed)
        if mixed:
            signal, labels = mixed(signal, labels)
        scores = network(on_device(signal, task.device))
        return functional.cross_entropy(
            scores.float(),
            labels.to(task.device),
            label_smoothing=config.settings.label_smoothing,
        )

    def validation(network: nn.Module, _: int) -> dict[str, float]:
        predicted = predictions(network, inputs, "validation", task)
        return {"validation_top1": top1(predicted, inputs.labels["validation"])}

    trained = train(
        head.to(task.device),
        loss,
        validation,
        config.training.among(copies * len(inputs.labels["train"])),
        checkpoint=task.checkpoint(copies),
        name=f"classifier_{copies}",
        seed=task.seed,
    )
    last = trained.curve[-1]
    return Trial(
        copies,
        sum(parameter.numel() for parameter in head.parameters()),
        cost,
        float(last["validation_top1"] or 0),
        predictions(trained.network, inputs, "test", task),
        trained.curve,
        described(trained.continued),
    )


def mixer(shapes: Shapes, classes: int) -> Callable[[Latent, Tensor], tuple[Latent, Tensor]]:
    """MixUp or CutMix with equal chances, of one grid ``(B, R, R, C)`` and the classes."""
    (name,) = shapes
    import_torchvision()
    from torchvision.transforms import v2  # noqa: PLC0415

    either = v2.RandomChoice([v2.MixUp(num_classes=classes), v2.CutMix(num_classes=classes)])

    def mixed(signal: Latent, labels: Tensor) -> tuple[Latent, Tensor]:
        grid, shares = either(signal[name].movedim(-1, 1), labels)
        return {name: grid.movedim(1, -1)}, shares

    return mixed


def on_device(signal: Latent, device: torch.device) -> Latent:
    """The same tensors where the network is."""
    return {name: tensor.to(device) for name, tensor in signal.items()}


def measure(inputs: Mapping[int, Inputs], task: ClassificationTask) -> tuple[list[Metric], Budget]:
    """Trains a classifier for each number of copies; the first is the main one.

    Leaves weights, curves and pictures in the task's folder.

    Args:
        inputs: by the number of copies.
    """
    first, *others = [trial(given, copies, task) for copies, given in inputs.items()]
    given = inputs[first.copies]
    labels = given.labels["test"]
    probed = linear_probe(
        vectors(given, "train"), given.labels["train"].numpy(),
        vectors(given, "validation"), vectors(given, "test"),
    )  # fmt: skip
    probe_validation = top1(probed[0], given.labels["validation"])
    probe_test = top1(probed[1], labels)
    metrics = trial_metrics(first, labels, len(given.labels["validation"]), "")
    for other in others:
        suffix = f"_copies{other.copies}"
        metrics += trial_metrics(other, labels, len(given.labels["validation"]), suffix)
    metrics += [
        percent("top1_linear_probe", probe_test, "test", len(labels)),
        percent("top1_linear_probe", probe_validation, "validation", len(probed[0])),
        Metric(name="classifier_parameters", value=first.parameters, unit="1", split="none"),
        Metric(
            name="classifier_macs",
            value=first.cost.macs,
            unit="1",
            split="none",
            note=first.cost.note,
        ),
        Metric(name="chance", value=100 / len(task.classes), unit="%", split="none"),
    ]
    confusion = np.zeros((len(task.classes), len(task.classes)), np.int64)
    np.add.at(confusion, (labels.numpy(), first.predicted.numpy()), 1)
    for name, row, right in zip(task.classes, confusion, confusion.diagonal(), strict=True):
        value = 100 * right / row.sum()
        metrics.append(percent(f"accuracy of {name}", value, "test", int(row.sum())))
    write_confusion(task.directory, confusion, task.classes)
    draw([first, *others], probe_test, labels, task)
    seen = int(first.curve[-1]["signals"] or 0)
    return metrics, Budget(signals=seen, published_signals=task.config.published_signals)


def trial_metrics(one: Trial, labels: Tensor, held_out: int, suffix: str) -> list[Metric]:
    """What one classifier reached; ``suffix`` tells it from the main one."""
    seconds = one.curve[-1]["seconds"]
    return [
        percent(f"top1{suffix}", top1(one.predicted, labels), "test", len(labels), one.note),
        percent(f"top1{suffix}", one.validation, "validation", held_out, one.note),
        Metric(
            name=f"copies{suffix.removeprefix('_copies')}",
            value=one.copies,
            unit="1",
            split="train",
        ),
        Metric(name=f"training_seconds{suffix}", value=seconds, unit="s", split="train"),
    ]


def percent(name: str, value: float, split: SplitName, samples: int, note: str = "") -> Metric:
    """A share of right answers."""
    return Metric(name=name, value=float(value), unit="%", split=split, samples=samples, note=note)


def draw(
    trials: list[Trial],
    probe: float,
    labels: Tensor,
    task: ClassificationTask,
) -> None:
    """``classifier_curves.png`` and, for several copies, ``copies.png``."""
    curves = {one.copies: one.curve for one in trials}
    classifier_curves(curves, task.directory / "classifier_curves.png", task.title)
    if len(trials) > 1:
        tested = [top1(one.predicted, labels) for one in trials]
        copies_figure(list(curves), tested, probe, task.directory / "copies.png", task.title)
