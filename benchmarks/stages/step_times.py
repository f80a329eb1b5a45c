"""Seconds of a training step of every method of a data set, all in turn in one process.

    python -m benchmarks.stages.step_times --scale budget --dataset cifar10

A busy machine slows all methods alike, and so does another one, which the times of trainings of
several days do not promise. Tables multiply by these seconds where they compare methods in time
(`benchmarks.tables.step_times`). A step is the configured one: drawing, adapting, the outer
gradient and the optimisers.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import torch

from benchmarks.records.machine import hardware
from benchmarks.records.recording import device_name
from benchmarks.settings.cell import resolve
from benchmarks.settings.digest import digest
from benchmarks.settings.scale import find_dataset, load_scale
from benchmarks.stages.experiment import Experiment, StageError
from benchmarks.stages.failure import one_line
from benchmarks.stages.trials import Place, arguments, place_of
from lift.bars import progress_bar
from lift.files import replacing
from lift.meta.optimisers import Optimisers
from lift.meta.parallel import ALONE
from lift.meta.step import OuterStep
from lift.meta.tying import tie

ROUNDS = 5
FILE = "step_times.csv"


def stepper(experiment: Experiment) -> Callable[[int], None]:
    """Takes a cell's training steps, and waits for the device.

    Raises:
        StageError: regions are tied for a part of the training, so that its steps differ.
    """
    field, training = experiment.new_field(), experiment.cell.training
    signals, config = experiment.splits()[0], training.fit
    if 0 < config.tied_steps < config.steps:
        raise StageError(
            f"{training.method}: fit.tied_steps {config.tied_steps} of {config.steps} steps, "
            "expected 0 or all of them; one time stands for every step"
        )
    if config.tied_steps:
        tie(field)
    take = OuterStep(
        field,
        signals,
        config,
        Optimisers(field, config),
        batch=min(config.batch, len(signals)),
        seed=training.seed,
        team=ALONE,
    )

    def step(number: int) -> None:
        take(number)
        if experiment.device.type == "cuda":
            torch.cuda.synchronize()

    return step


def measure(scale: str, dataset: str, place: Place, rounds: int = ROUNDS) -> pd.DataFrame:
    """A row a method: the median over rounds, after one that is not counted.

    Raises:
        ConfigError: a cell's settings are wrong.
        StageError: as `stepper`.
        TrainingDivergedError: a method's first steps are not finite.
    """
    methods = find_dataset(load_scale(scale), dataset).methods
    cells = {name: resolve(scale, dataset, name, 0, place.results) for name in methods}
    steps = {
        name: stepper(Experiment(cell, place.results, place.data, place.device))
        for name, cell in cells.items()
    }
    taken: dict[str, list[float]] = {name: [] for name in steps}
    for number in range(rounds + 1):
        for name, step in progress_bar(list(steps.items()), desc=f"round {number} of {rounds}"):
            began = time.perf_counter()
            step(number)
            if number:
                taken[name].append(time.perf_counter() - began)
    return pd.DataFrame(
        {
            "method": name,
            "settings": digest(cells[name].training),
            "batch": cells[name].training.fit.batch,
            "seconds": round(statistics.median(times), 4),
            "fastest": round(min(times), 4),
            "slowest": round(max(times), 4),
            "rounds": rounds,
            "threads": torch.get_num_threads(),
            "device": device_name(place.device),
            "machine": hardware(place.device),
        }
        for name, times in taken.items()
    )


def path_of(results: Path, scale: str, dataset: str) -> Path:
    """Where a data set's step times are."""
    return results / scale / dataset / FILE


def main() -> None:
    """Command line."""
    parser = arguments((__doc__ or "").splitlines()[0])
    parser.add_argument("--scale", default="budget", help="config/scales/SCALE.yaml")
    parser.add_argument("--dataset", default="cifar10")
    options = parser.parse_args()
    with one_line("step_times"):
        place = place_of(options)
        measured = measure(options.scale, options.dataset, place)
        with replacing(path_of(place.results, options.scale, options.dataset)) as unfinished:
            measured.to_csv(unfinished, index=False)
        print(measured.to_string(index=False))


if __name__ == "__main__":
    main()
