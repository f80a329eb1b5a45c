"""One result, one JSON: what every stage writes and all that the tables read."""

from __future__ import annotations

import json
from datetime import UTC
from pathlib import Path
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from benchmarks.settings.reading import explain
from lift.files import replacing

SplitName = Literal["train", "validation", "test", "generated", "none"]
Stage = Literal[
    "prepare",
    "fit",
    "learning_curve",
    "encode",
    "encode_copies",
    "reconstruction",
    "generation",
    "interpolation",
    "classification",
    "single_signal",
    "cost",
]

UNKNOWN = "–"  # noqa: RUF001
"""Stands where a result records no date."""


class ResultError(RuntimeError):
    """A result file that cannot be read."""


class Metric(BaseModel):
    """One number. ``name`` and ``unit`` are the field's terms: ``psnr`` in ``dB``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    value: float | None
    unit: str
    split: SplitName
    samples: int | None = None
    note: str = ""


class Budget(BaseModel):
    """How much of the published training a field got, in signals seen (steps x batch)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    signals: int
    published_signals: int | None

    @property
    def fraction(self) -> float | None:
        """Share of the published budget; None where the paper does not print one."""
        return self.signals / self.published_signals if self.published_signals else None


class Provenance(BaseModel):
    """Everything needed to say where a number comes from.

    ``device``, ``threads`` and ``peak_memory_bytes`` are those of each of ``processes``; memory is
    the first one's. ``hardware`` names the machine, ``finished`` is when the last run ended;
    results of before these were recorded lack them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    config: dict[str, Any]
    config_hash: str
    code_digest: str
    git_commit: str
    packages: dict[str, str]
    device: str
    hardware: str = ""
    threads: int
    processes: int = 1
    finished: AwareDatetime | None = None
    wall_seconds: float
    peak_memory_bytes: int

    @property
    def run_on(self) -> str:
        """``2026-03-01 14:05`` in UTC; an en dash where it was not recorded."""
        return f"{self.finished.astimezone(UTC):%Y-%m-%d %H:%M}" if self.finished else UNKNOWN

    @property
    def machine(self) -> str:
        """``cpu (a processor, 2 cores, 8 GB), 2 threads``; of four processes ``4 x cpu ...``."""
        shared = f"{self.processes} x " if self.processes > 1 else ""
        named = f" ({self.hardware})" if self.hardware else ""
        return f"{shared}{self.device}{named}, {self.threads} thread{'s' * (self.threads != 1)}"

    @property
    def stride(self) -> int:
        """Side of the blocks of the grid of which a training step saw one point each."""
        return int(self.config.get("training", {}).get("fit", {}).get("stride", 1))


class Result(BaseModel):
    """The outcome of one stage for one cell (scale, data set, method, seed)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    stage: Stage
    scale: str
    dataset: str
    method: str
    seed: int
    status: Literal["ok", "failed"]
    reason: str = ""
    metrics: list[Metric] = []
    budget: Budget | None = None
    artifacts: dict[str, str] = {}
    provenance: Provenance | None = None

    def value(self, name: str, split: str = "none") -> float | None:
        """The metric of this name and split; None where it was not measured."""
        for metric in self.metrics:
            if metric.name == name and metric.split == split:
                return metric.value
        return None


def result_path(root: Path, scale: str, dataset: str, method: str, seed: int, stage: str) -> Path:
    """``results/{scale}/{dataset}/{method}/seed{n}/{stage}.json``."""
    return root / scale / dataset / method / f"seed{seed}" / f"{stage}.json"


def prepared_path(root: Path, dataset: str) -> Path:
    """The JSON that says whether a data set could be prepared."""
    return result_path(root, "prepared", dataset, "data", 0, "prepare")


def write_result(path: Path, result: Result) -> None:
    """Writes one JSON, whole or not at all."""
    with replacing(path) as unfinished:
        unfinished.write_text(result.model_dump_json(indent=2) + "\n", encoding="utf-8")


def read_result(path: Path) -> Result:
    """Reads one JSON.

    Raises:
        ResultError: it is missing, damaged, or written by another version of this schema.
    """
    try:
        return Result.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise ResultError(f"{path}: no such result; run its stage first") from error
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise ResultError(f"{path}: not JSON ({error})") from error
    except ValidationError as error:
        raise ResultError(f"{path}: not a result of this version ({explain(error)})") from error
