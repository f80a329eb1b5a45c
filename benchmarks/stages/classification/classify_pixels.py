"""Classifies a data set's pixels: the image models that the tables compare latents with."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from benchmarks.datasets.dataset import open_prepared
from benchmarks.datasets.labels import labelled_splits
from benchmarks.records.provenance import code_digest
from benchmarks.records.recording import Recording
from benchmarks.records.result import Result, result_path, write_result
from benchmarks.settings.digest import digest
from benchmarks.stages.classification.heads import head_module
from benchmarks.stages.classification.inputs import Pixels, Scaling, augmentation_of, split_labels
from benchmarks.stages.classification.settings import resolve_classification
from benchmarks.stages.classification.trials import ClassificationTask, measure
from benchmarks.stages.failure import one_line
from benchmarks.stages.lock import written_here
from benchmarks.stages.stage import arguments, choose_device, next_command
from benchmarks.stages.terminal import Announced, budget, machine, signals

MODULE = "benchmarks.stages.classification.classify_pixels"


def run(options: argparse.Namespace, device: torch.device) -> Result:
    """Trains the image model of one method, and measures it like a classifier of latents."""
    seed = options.seed
    config = resolve_classification(options.scale, options.dataset, options.method, options.results)
    dataset = open_prepared(options.data / options.dataset)
    splits = labelled_splits(dataset, config.signals)
    statistics = (
        {"pixels": torch.tensor(values)} for values in (dataset.manifest.mean, dataset.manifest.std)
    )
    change = augmentation_of(dataset, len(splits["train"]), seed)
    inputs = Pixels(splits, split_labels(splits), change, Scaling(*statistics))
    code = code_digest(MODULE, head_module(config.settings.head))
    recording = Recording(code, device, of_field=False)
    task = ClassificationTask(
        config,
        dataset.classes,
        _path(options).parent,
        f"{options.method} on {dataset.title}, {options.scale}",
        device,
        seed,
        {"data": digest(dataset.manifest)},
        recording.code,
        options.resume_anyway,
    )
    metrics, spent = measure(dict.fromkeys(config.settings.copies, inputs), task)
    recorded = {"dataset": options.dataset, "classification": config.model_dump(mode="json")}
    return Result(
        stage="classification",
        scale=options.scale,
        dataset=options.dataset,
        method=options.method,
        seed=seed,
        status="ok",
        metrics=metrics,
        budget=spent,
        provenance=recording.provenance(recorded),
    )


def _path(options: argparse.Namespace) -> Path:
    cell = (options.scale, options.dataset, options.method, options.seed)
    return result_path(options.results, *cell, "classification")


def main() -> None:
    """Command line, as that of every stage."""
    options = arguments(__doc__ or "").parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    path = _path(options)
    with one_line("classification"), written_here(path):
        device = choose_device(options.device)
        cell = (options.scale, options.dataset, options.method)
        training = resolve_classification(*cell, options.results).training
        told = Announced(
            "classification",
            path,
            f"{options.method} on {options.dataset}, scale {options.scale}, seed {options.seed}",
            signals(open_prepared(options.data / options.dataset)),
            machine(device),
            budget(training),
        )
        result = run(options, device)
        write_result(path, result)
        told.end(result.metrics, next_command("classification", options))


if __name__ == "__main__":
    main()
