"""One bad input, and what is said about it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.datasets.errors import DatasetError
from benchmarks.records.result import ResultError
from benchmarks.settings.folders import ROOT
from benchmarks.settings.reading import ConfigError
from benchmarks.stages.experiment import StageError
from lift.checkpoint import CheckpointError
from lift.functaset import FunctasetError

OWN = (DatasetError, ConfigError, ResultError, StageError, CheckpointError, FunctasetError)
"""The project's own errors; the programs exit with their message, whatever else is a bug."""


@dataclass(frozen=True)
class Case:
    """``give`` writes the input below a folder and uses it."""

    input: str
    give: Callable[[Path], object]


def message(case: Case, folder: Path) -> str:
    """What is said about the input; files below ``folder`` are named from there.

    Raises:
        AssertionError: it is accepted.
    """
    try:
        case.give(folder)
    except (*OWN, SystemExit) as error:
        said = str(error)
    else:
        raise AssertionError(f"{case.input}: accepted")
    said = said.replace(f"{folder}/", "").replace(f"{ROOT}/", "")
    # What is known grows: the first name stands for the list.
    return re.sub(r"\b(has|runs|one of|of|expected) ([\w.-]+), [\w., -]+$", r"\1 \2, ...", said)
