"""What a stage says in a terminal or a log: one line when it starts, one when it ends.

In between, checkpoints say where a training goes on, and `lift.bars` how far it is.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import torch

from benchmarks.datasets.dataset import Dataset
from benchmarks.records.result import Metric
from benchmarks.stages.experiment import Experiment
from benchmarks.stages.failure import is_told

SCORES = ("psnr", "top1", "psnr_ends")
"""Metrics that stand for a stage; the first one of its own where it has none of them."""
SPLITS = ("test", "generated", "validation", "train", "none")
"""The split that is told, the first that a stage measured."""
BEST_OF = ("_psnr", "_psnr_muon")
"""End the metrics of a comparison of networks on one signal, of which the best is told."""
GIVEN = ("observed_psnr",)
"""What such networks are given, and none of them."""
MOST_FILES = 8


class Trains(Protocol):
    """How something is trained, as far as its budget goes."""

    @property
    def steps(self) -> int: ...

    @property
    def batch(self) -> int: ...


class Announced:
    """A stage that has said that it starts, and will say what came of it.

    Args:
        path: of its result; files that change beside it are the stage's.
        parts: of the first line; an empty one is left out.
    """

    def __init__(self, stage: str, path: Path, *parts: str) -> None:
        self._stage, self._path, self._began = stage, path, time.monotonic()
        self._before = _stamps(path.parent)
        print(f"{stage}: {'; '.join(filter(None, parts))}", flush=True)

    def end(self, metrics: Sequence[Metric], then: str) -> None:
        """Says the score, the time, the files and the next command."""
        now = _stamps(self._path.parent)
        written = [name for name, stamp in now.items() if self._before.get(name) != stamp]
        more = f" and {len(written) - MOST_FILES} more" if len(written) > MOST_FILES else ""
        parts = [
            f"{score(metrics)} after {time.monotonic() - self._began:,.1f} s".lstrip(),
            f"wrote {', '.join(written[:MOST_FILES])}{more} in {self._path.parent}",
            f"next: {then}",
        ]
        print(f"{self._stage}: {'; '.join(parts)}", flush=True)


def score(metrics: Sequence[Metric]) -> str:
    """The number that stands for a stage, with its unit and split: ``psnr 24.31 dB (test)``."""
    measured = [metric for metric in metrics if metric.value is not None]
    order = sorted(measured, key=lambda metric: SPLITS.index(metric.split))
    here = [metric for metric in order if metric.split == order[0].split]
    named = sorted((metric for metric in here if metric.name in SCORES), key=_place)
    compared = [m for m in here if m.name.endswith(BEST_OF) and m.name not in GIVEN]
    best = sorted(compared, key=lambda metric: -(metric.value or 0.0))
    for metric in (*named, *best, *here):
        unit = "" if metric.unit == "1" else f" {metric.unit}"
        where = "" if metric.split == "none" else f" ({metric.split})"
        value = metric.value or 0.0
        shown = f"{value:,.0f}" if value.is_integer() else f"{value:,.4g}"
        return f"{metric.name} {shown}{unit}{where}"
    return ""


def about(experiment: Experiment, config: Trains | None) -> list[str]:
    """A cell's method and data, its sizes, its device, and the budget of a training.

    Where something of it cannot be had the stage says why, and this line nothing.
    """
    cell, training, size = experiment.cell, experiment.cell.training, experiment.team.size
    devices = f"{size} x " * (size > 1) + machine(experiment.device)
    name = f"{training.method} on {training.dataset}, scale {cell.scale}, seed {training.seed}"
    try:
        return [name, *_sizes(experiment), devices, budget(config)]
    except Exception as error:
        if not is_told(error):
            raise
        return [name, devices]


def _sizes(experiment: Experiment) -> list[str]:
    fitted, validation = experiment.splits()
    with torch.random.fork_rng(devices=[]):
        field = experiment.new_field()
    floats = sum(tensor.numel() for tensor in field.zero_latent(1).values())
    parameters = sum(parameter.numel() for parameter in field.parameters())
    return [
        f"{signals(experiment.dataset)}, {len(fitted):,} and {len(validation):,} of train for "
        "fitting and validation",
        f"{floats:,} latent floats, {parameters:,} parameters",
    ]


def signals(dataset: Dataset) -> str:
    """``436 train, 250 test signals of 32x32x3``."""
    domain = dataset.domain
    sides = "x".join(map(str, [*[domain.resolution] * domain.dimensions, domain.channels]))
    return f"{len(dataset.train):,} train, {len(dataset.test):,} test signals of {sides}"


def machine(device: torch.device) -> str:
    """``cpu, 2 threads``, or the name of the GPU."""
    threads = torch.get_num_threads()
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"cpu, {threads} thread{'s' * (threads != 1)}"


def budget(config: Trains | None) -> str:
    """``150 steps of 16, 2,400 signals``; nothing where nothing is trained."""
    if config is None:
        return ""
    return f"{config.steps:,} steps of {config.batch:,}, {config.steps * config.batch:,} signals"


def _place(metric: Metric) -> int:
    return SCORES.index(metric.name)


def _stamps(folder: Path) -> dict[str, int]:
    """When each visible file and folder of a folder changed last, by name."""
    return {
        path.name + "/" * path.is_dir(): path.stat().st_mtime_ns
        for path in sorted(folder.glob("[!.]*"))
    }
