"""Fits every network to one task of the single-signal comparison.

    python -m benchmarks.stages.single_signal --profile demo --task image

Finished networks are not trained again, and an unfinished one goes on from its checkpoint.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import torch

from benchmarks.provenance import code_digest, git_commit, packages, peak_memory_bytes
from benchmarks.report.single_signal_figures import curves_figure, gamma_figure, pictures_figure
from benchmarks.results import Metric, Provenance, Result, result_path, write_result
from benchmarks.single_signal.config import SingleSignalConfig, load_single_signal
from benchmarks.single_signal.fitting import Choice, Comparison, predict
from benchmarks.single_signal.networks import macs, parameters
from benchmarks.single_signal.tasks import build_task
from benchmarks.stages.experiment import StageError
from lift.network_training import Trained, TrainingDivergedError

UNITS = {"psnr": "dB", "seconds": "s"}
MODULE = "benchmarks.stages.single_signal"


def method_metrics(
    comparison: Comparison, choice: Choice, runs: dict[str, Trained]
) -> list[Metric]:
    """Everything that one network's trainings have to say, under the network's name."""
    found: dict[str, float | None] = {"gamma": choice.gamma, "best_rate": choice.rate}
    for rate, score in choice.by_rate.items():
        found[f"score_rate{rate:g}"] = score if score > float("-inf") else None
    for gamma, score in choice.by_gamma.items():
        found[f"score_gamma{gamma:g}"] = score if score > float("-inf") else None
    task = comparison.task
    for which, trained in runs.items():
        prediction = predict(trained.network, task.grid).cpu()
        suffix = "" if which == "published" else "_best_rate"
        found |= {f"{name}{suffix}": value for name, value in task.measure(prediction).items()}
        found[f"seconds{suffix}"] = trained.curve[-1]["seconds"]
    network = next(iter(runs.values())).network
    found |= {"parameters": parameters(network), "macs": macs(network)}
    return [
        Metric(
            name=f"{comparison.method}_{name}",
            value=value,
            unit=UNITS.get(name.removesuffix("_best_rate"), "1"),
            split="none",
            samples=len(task.grid),
        )
        for name, value in found.items()
    ]


def trainings(comparison: Comparison, choice: Choice) -> dict[str, Trained]:
    """The training at the task's rate, and the one at the best rate where that is another.

    Raises:
        StageError: neither stayed finite.
    """
    runs: dict[str, Trained] = {}
    rates = {"published": comparison.settings.rate, "best": choice.rate}
    for which, rate in rates.items():
        if which == "best" and rate == rates["published"] and runs:
            runs[which] = runs["published"]
            continue
        try:
            name = f"{comparison.method}_{which}"
            runs[which] = comparison.final(name, rate, choice.gamma)
        except TrainingDivergedError as error:
            print(error, file=sys.stderr)
    if not runs:
        raise StageError(f"{comparison.method}: no training stayed finite")
    return runs


def run(config: SingleSignalConfig, profile: str, task_name: str, directory: Path) -> list[Metric]:
    """Trains all networks on one task, and draws their curves and pictures."""
    task = build_task(task_name, config.profiles[profile])  # type: ignore[arg-type]
    metrics, curves, pictures, gammas = [], {}, {}, {}
    for method, settings in config.methods.items():
        code = code_digest(MODULE)
        comparison = Comparison(config, profile, task, method, directory, 0, code)
        choice = comparison.search()
        runs = trainings(comparison, choice)
        metrics += method_metrics(comparison, choice, runs)
        best = runs.get("best") or runs["published"]
        curves[settings.title] = best.curve
        if task.pictured:
            pictures[settings.title] = predict(best.network, task.grid).cpu().reshape(task.shape)
        if method == "relift":
            gammas = choice.by_gamma
    curves_figure(curves, directory / "curves.png", task_name)
    gamma_figure(gammas, directory / "gamma.png", task_name)
    if task.pictured:
        pictures_figure(task, pictures, directory / "pictures.png")
    return metrics


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--profile", default="demo", help="a profile of config/single_signal.yaml")
    parser.add_argument("--task", required=True)
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; 0 takes all")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    began = time.monotonic()
    try:
        config = load_single_signal()
        for kind, name in (("profiles", options.profile), ("tasks", options.task)):
            if name not in getattr(config, kind):
                known = ", ".join(getattr(config, kind))
                raise StageError(
                    f"config/single_signal.yaml: no {name!r} in {kind}; it has {known}"
                )
        path = result_path(
            options.results, options.profile, options.task, "single_signal", 0, "single_signal"
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        code, commit = code_digest(MODULE), git_commit()
        metrics = run(config, options.profile, options.task, path.parent)
        provenance = Provenance(
            config=config.model_dump(mode="json"),
            config_hash=code_digest(MODULE)[:16],
            code_digest=code,
            git_commit=commit,
            packages=packages(),
            device="cpu",
            threads=torch.get_num_threads(),
            wall_seconds=round(time.monotonic() - began, 2),
            peak_memory_bytes=peak_memory_bytes(torch.device("cpu")),
        )
        result = Result(
            stage="single_signal",
            profile=options.profile,
            dataset=options.task,
            method="single_signal",
            seed=0,
            status="ok",
            metrics=metrics,
            provenance=provenance,
        )
        write_result(path, result)
    except (RuntimeError, ValueError, OSError) as error:
        sys.exit(f"single_signal: {error}")


if __name__ == "__main__":
    main()
