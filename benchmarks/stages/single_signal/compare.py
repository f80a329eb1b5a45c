"""Fits every network to one task of the single-signal comparison, or those that are named.

    python -m benchmarks.stages.single_signal.compare --scale demo --task image
    python -m benchmarks.stages.single_signal.compare --scale paper --task audio --networks relift

Finished networks are not trained again, and an unfinished one goes on from its checkpoint.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from pathlib import Path
from statistics import mean

import torch
from torch import Tensor

from benchmarks.figures.single_signal import Picture, curves_figure, pictures_sheet
from benchmarks.records.provenance import code_digest
from benchmarks.records.recording import Recording
from benchmarks.records.result import Metric, Result, read_result, result_path, write_result
from benchmarks.stages.experiment import StageError
from benchmarks.stages.failure import one_line
from benchmarks.stages.lock import written_here
from benchmarks.stages.single_signal.fitting import Comparison, predict
from benchmarks.stages.single_signal.measures import mean_curve, method_metrics, trainings
from benchmarks.stages.single_signal.search import search
from benchmarks.stages.single_signal.settings import (
    SingleSignalConfig,
    TaskName,
    load_single_signal,
)
from benchmarks.stages.single_signal.tasks import SignalTask, build_tasks, decibels
from benchmarks.stages.stage import add_resume_anyway, add_threads, choose_device, next_command
from benchmarks.stages.terminal import Announced, machine
from lift.progress import Row

GREY = 0.5
"""Of pixels that a network is not shown."""
MODULE = "benchmarks.stages.single_signal.compare"
Metrics = list[Metric]


def image_of(task: SignalTask, values: Tensor) -> Picture:
    """Values ``(M, 3)`` as an image, grey where they are NaN, with its PSNR unless the target's."""
    shown = values.nan_to_num(GREY).reshape(task.shape).numpy()
    return Picture(shown, math.nan if values is task.target else decibels(values, task.target))


def observed_metrics(observed: Sequence[Picture]) -> Metrics:
    """The PSNR of what the networks are given; nothing where a part of the image is missing."""
    psnr = mean(picture.psnr for picture in observed)
    if not math.isfinite(psnr):
        return []
    return [Metric(name="observed_psnr", value=psnr, unit="dB", split="none")]


def run(
    config: SingleSignalConfig,
    scale: str,
    task_name: TaskName,
    directory: Path,
    device: torch.device,
    resume_anyway: bool = False,
) -> Metrics:
    """Trains the networks on one task, and draws their curves and pictures."""
    tasks = [task.to(device) for task in build_tasks(task_name, config.sizes(scale, task_name))]
    metrics: Metrics = []
    curves: dict[str, dict[str, list[Row]]] = {}
    pictures = {"target": [image_of(task, task.target) for task in tasks if task.pictured]}
    observed = [(task, shown) for task in tasks if (shown := task.observed()) is not None]
    if observed:
        pictures["observed"] = [image_of(task, shown) for task, shown in observed]
        metrics += observed_metrics(pictures["observed"])
    seeds = config.sizes(scale, task_name).seeds
    code = code_digest(MODULE)
    for method, settings in config.methods.items():
        comparisons = [
            Comparison(config, scale, task, method, directory, seed, code, resume_anyway)
            for seed in seeds
            for task in tasks
        ]
        searched = search(comparisons[0])
        runs, diverged = trainings(comparisons, searched)
        metrics += method_metrics(comparisons, searched, runs, diverged)
        best = runs.get(searched.preferred) or next(iter(runs.values()))
        curves[settings.title] = {name: mean_curve(trained) for name, trained in runs.items()}
        if tasks[0].pictured:
            pictures[settings.title] = [
                image_of(task, predict(one.network, task.grid).cpu())
                for one, task in zip(best, tasks, strict=False)  # the first seed's come first
            ]
    curves_figure(curves, directory / "curves.png", task_name)
    if tasks[0].pictured:
        pictures_sheet(pictures, directory / "networks.png")
    return metrics


def of_networks(config: SingleSignalConfig, names: Sequence[str], path: Path) -> SingleSignalConfig:
    """The comparison of the networks that are named.

    Raises:
        StageError: the result at ``path`` has others too, which it would lose.
    """
    if path.exists():
        provenance = read_result(path).provenance
        there = provenance.config["methods"] if provenance else {}
        if lost := [name for name in there if name not in names]:
            raise StageError(
                f"--networks {' '.join(names)}: {path} has {', '.join(lost)} too, and would lose "
                "them; name them as well, or remove it"
            )
    kept = {name: one for name, one in config.methods.items() if name in names}
    return config.model_copy(update={"methods": kept})


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--scale", default="demo", help="a scale of config/single_signal.yaml")
    parser.add_argument("--task", required=True)
    parser.add_argument(
        "--networks", nargs="+", metavar="NETWORK", help="of the comparison; all by default"
    )
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    add_resume_anyway(parser)
    add_threads(parser, 0)
    options = parser.parse_args()
    # The tails of Gaussians and wavelets are numbers that a CPU takes a hundred times as long over.
    torch.set_flush_denormal(True)
    if options.threads:
        torch.set_num_threads(options.threads)
    with one_line("single_signal"):
        config = load_single_signal()
        named = [("methods", name) for name in options.networks or ()]
        for kind, name in (("scales", options.scale), ("tasks", options.task), *named):
            if name not in getattr(config, kind):
                known = ", ".join(getattr(config, kind))
                raise StageError(
                    f"config/single_signal.yaml: no {name!r} in {kind}; it has {known}"
                )
        path = result_path(
            options.results, options.scale, options.task, "single_signal", 0, "single_signal"
        )
        device = choose_device(options.device)
        with written_here(path):
            if options.networks:
                config = of_networks(config, options.networks, path)
            recording = Recording(code_digest(MODULE), device)
            told = Announced(
                "single_signal",
                path,
                f"{', '.join(config.methods)} on {options.task}, scale {options.scale}",
                machine(device),
                f"{config.sizes(options.scale, options.task).steps:,} steps each",
            )
            names = (options.scale, options.task)
            metrics = run(config, *names, path.parent, device, options.resume_anyway)
            result = Result(
                stage="single_signal",
                scale=options.scale,
                dataset=options.task,
                method="single_signal",
                seed=0,
                status="ok",
                metrics=metrics,
                provenance=recording.provenance(config.model_dump(mode="json")),
            )
            write_result(path, result)
            told.end(metrics, next_command("single_signal", options))


if __name__ == "__main__":
    main()
