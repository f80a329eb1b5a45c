"""Seconds a training signal, where all methods of a data set were timed in turn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from benchmarks.settings.cell import resolve
from benchmarks.settings.digest import digest
from benchmarks.settings.scale import ScaleConfig, find_dataset
from benchmarks.stages.step_times import path_of
from benchmarks.tables.measured import read_measured

PROGRAM = "benchmarks.stages.step_times"
OWN = "Seconds are those of training alone, on the machine named, and compare within one machine."


class StepTimes(NamedTuple):
    """Seconds of training for one signal, by method, on which device, and where they come from."""

    seconds: Mapping[str, float]
    device: str
    about: str

    def elsewhere(self, devices: Mapping[str, Iterable[str]]) -> Iterator[str]:
        """A sentence on each device besides the timed one.

        Args:
            devices: titles of the methods that were trained on each.
        """
        for device, titles in devices.items():
            if device != self.device:
                yield (
                    f"Trained on another device than was timed ({device}): {', '.join(titles)}; "
                    "the seconds are what as many signals take on the timed one."
                )


def step_times(root: Path, scale_config: ScaleConfig, dataset: str) -> StepTimes | None:
    """What stands for every method of a data set; None where one was not timed as configured.

    Raises:
        ConfigError: the file is damaged, or a cell's settings are wrong.
    """
    path = path_of(root, scale_config.scale, dataset)
    if not path.exists():
        return None
    numbers, words = ("batch", "seconds", "threads"), ("method", "settings", "device", "machine")
    found = read_measured(path, numbers=numbers, words=words, program=PROGRAM).set_index("method")
    methods = find_dataset(scale_config, dataset).methods
    for method in methods:
        cell = resolve(scale_config.scale, dataset, method, 0, root)
        if method not in found.index or found.at[method, "settings"] != digest(cell.training):
            return None
    first = found.iloc[0]
    count = int(first["threads"])
    threads = f"{count} thread{'s' * (count != 1)}"
    about = (
        f"Seconds are the signals seen times the method's median step, all methods in turn in one "
        f"process ({first['device']}, {first['machine']}, {threads}): `{path.name}`."
    )
    each = found["seconds"] / found["batch"]
    seconds = {method: float(each[method]) for method in methods}
    return StepTimes(seconds, str(first["device"]), about)
