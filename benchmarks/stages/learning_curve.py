"""Test PSNR along one cell's training, from the weights that were kept at every validation.

A comparison at equal budgets reads its numbers off these curves. Nothing is chosen by them.
"""

from __future__ import annotations

import csv

import numpy as np

from benchmarks.figures.curves import read_curve
from benchmarks.records.provenance import sha256
from benchmarks.records.result import Metric
from benchmarks.records.signals import write_psnr
from benchmarks.stages.experiment import Experiment, StageError
from benchmarks.stages.stage import Outcome, main
from lift.bars import progress_bar
from lift.checkpoint import load_tensors
from lift.files import replacing
from lift.meta.inner import gradient_function
from lift.meta.training import signal_psnr

LEARNING_COLUMNS = ("step", "signals", "seconds", "test_psnr")


def run(experiment: Experiment) -> Outcome:
    """Writes ``learning_curve.csv``, and every signal's PSNR, beside the JSON.

    Raises:
        StageError: the training kept no weights on its way, or another training's are there.
    """
    field, weights = experiment.trained_field()
    fit, directory = experiment.cell.training.fit, experiment.directory
    if not fit.snapshots:
        raise StageError("fit.snapshots is false; expected true, so that weights are kept")
    identity = load_tensors(directory / "field.safetensors")[1].get("identity")
    gradient_of = gradient_function(fit.compile, experiment.device)
    query = field.locate(field.domain.grid(device=experiment.device))
    test = experiment.encoded()["test"].subset(experiment.evaluated()["test"])
    rows: list[dict[str, float | None]] = []
    signals: list[np.ndarray] = []
    for row in progress_bar(read_curve(directory / "curve.csv"), desc="learning curve"):
        if row["validation_psnr"] is None:
            continue
        path = directory / "snapshots" / f"{row['step']:.0f}.safetensors"
        if not path.exists():
            raise StageError(
                f"{path}: no such file, expected the weights of step {row['step']:.0f}; move "
                "checkpoint.safetensors away and fit again"
            )
        tensors, metadata = load_tensors(path)
        if metadata.get("identity") != identity:
            raise StageError(f"{path}: weights of another training; fit again")
        field.load_state_dict(tensors)
        decibels = signal_psnr(field, test, query, fit, gradient_of)
        signals.append(decibels.cpu().numpy())
        measured = {name: row[name] for name in LEARNING_COLUMNS[:-1]}
        rows.append({**measured, "test_psnr": decibels.mean().item()})
    path = directory / "learning_curve.csv"
    with (
        replacing(path) as unfinished,
        unfinished.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.DictWriter(file, LEARNING_COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    last = Metric(
        name="psnr", value=rows[-1]["test_psnr"], unit="dB", split="test", samples=len(test)
    )
    kept = {path.name: sha256(path), **write_psnr(directory, "learning_curve", np.stack(signals))}
    return Outcome([last], experiment.upstream("fit").budget, kept, {"weights": weights})


if __name__ == "__main__":
    main("learning_curve", run, __doc__ or "")
