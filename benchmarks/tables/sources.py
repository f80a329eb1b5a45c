"""The results that a scale's tables read, and what to say where one is missing."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.records.result import Result, ResultError, read_result, result_path
from benchmarks.settings.dataset import DatasetConfig
from benchmarks.settings.method import base_of
from benchmarks.settings.scale import ScaleConfig
from benchmarks.tables.configured import changed
from benchmarks.tables.published import Row, Table

UPSTREAM = ("fit", "encode")
"""Stages that every measurement of a cell needs; their failure is its reason."""
REASON_CHARACTERS = 240
ELSEWHERE = "not in this scale"
"""Of a method that the scale does not run."""
ABOVE = re.compile(r"(?<![\w.~-])/\S*?/(?=(?:results|data|config)/)")
"""Folders above the project's own, on whichever machine the reason was written."""


@dataclass(frozen=True)
class Problem:
    """Why there is no number.

    ``failed``, ``not run``, ``quoted`` (never run by this project) or `ELSEWHERE`.
    """

    status: str
    reason: str


@dataclass
class Sources:
    """All results below ``root`` that belong to one scale.

    Args:
        datasets: by name, those that ``scale.tables`` names.
    """

    root: Path
    scale_config: ScaleConfig
    datasets: dict[str, DatasetConfig]
    _read: dict[Path, Result | Problem | None] = field(default_factory=dict)
    _changed: dict[tuple[str, ...], str] = field(default_factory=dict)

    def dataset(self, table: str) -> DatasetConfig | None:
        """The data set that fills a table's own column; None where the scale has none."""
        name = self.scale_config.tables.get(table)
        return self.datasets[name] if name else None

    def results(self, name: str, table: Table, row: Row, stage: str) -> list[Result | Problem]:
        """One entry a seed; one problem where no seed can have a result.

        Args:
            name: the key of ``table`` among the published tables.
        """
        if row.method is None:
            return [Problem("quoted", "quoted from the paper only: this project does not run it")]
        methods = [method for method in (row.method, row.same_as) if method]
        if stage == "cost":
            paths = [self._cost(row.dataset or table.dataset or "", method) for method in methods]
            found = [self._result(path) for path in paths]
            missing = Problem("not run", "not counted yet")
            return [next((result for result in found if result is not None), missing)]
        scale, dataset = self.scale_config.scale, self.scale_config.tables.get(name)
        if dataset is None:
            return [Problem("not run", f"scale {scale} has no data set for this table")]
        scale_config = self.scale_config.datasets.get(dataset)
        runs = list(scale_config.methods) if scale_config else []
        if scale_config and scale_config.classification and stage == "classification":
            runs += scale_config.classification.methods
        method = next((m for m in methods if m in runs), None)
        if method is None:
            return [Problem(ELSEWHERE, f"scale {scale} does not run this method on {dataset}")]
        return [self._stage(dataset, method, seed, stage) for seed in self.scale_config.seeds]

    def changed(self, result: Result) -> str:
        """How the settings of a result's training differ from the configured ones."""
        key = (result.scale, result.dataset, result.method, str(result.seed), result.stage)
        if key not in self._changed:
            self._changed[key] = changed(result, self.root)
        return self._changed[key]

    def _stage(self, dataset: str, method: str, seed: int, stage: str) -> Result | Problem:
        scale = self.scale_config.scale
        # A measurement that outlived its training, which failed when it was repeated, is none.
        for earlier in UPSTREAM:
            path = result_path(self.root, scale, dataset, method, seed, earlier)
            if isinstance(found := self._result(path), Problem):
                return Problem(found.status, f"{earlier} {found.reason}")
        own = self._result(result_path(self.root, scale, dataset, method, seed, stage))
        return own or Problem("not run", self._missing(dataset, method, stage))

    def _missing(self, dataset: str, method: str, stage: str) -> str:
        """Whether the scale has such a stage at all."""
        data = self.scale_config.datasets[dataset]
        labelled = data.classification.methods if data.classification else []
        if stage == "generation" and (data.generation is None or base_of(method) != method):
            return f"scale {self.scale_config.scale} does not generate {dataset} with this method"
        if stage == "classification" and method not in labelled:
            return f"scale {self.scale_config.scale} does not classify {dataset} with this method"
        return "not run yet" if stage == "reconstruction" else f"no {stage} result yet"

    def _cost(self, dataset: str, method: str) -> Path:
        return result_path(self.root, "published", dataset, method, 0, "cost")

    def _result(self, path: Path) -> Result | Problem | None:
        """A result; a problem where it failed or is damaged; None where there is none."""
        if path not in self._read:
            self._read[path] = _open(path)
        return self._read[path]


def _open(path: Path) -> Result | Problem | None:
    if not path.exists():
        return None
    try:
        result = read_result(path)
    except ResultError as error:
        return Problem("failed", f"failed: {told(str(error))}")
    if result.status == "failed":
        return Problem("failed", f"failed: {told(result.reason) or 'no reason recorded'}")
    return result


def told(reason: str) -> str:
    """One line of bounded length, which names the project's files from its folder."""
    line = ABOVE.sub("", " ".join(reason.split()))
    return line if len(line) <= REASON_CHARACTERS else line[:REASON_CHARACTERS] + " ..."
