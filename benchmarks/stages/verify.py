"""Measures a cell's stored weights again, and compares with what its JSON says."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.records.result import Metric
from benchmarks.stages import encode, reconstruct
from benchmarks.stages.experiment import Experiment, StageError

NEEDED = ("fit.json", "encode.json", "field.safetensors", "curve.csv")


@dataclass(frozen=True)
class Remeasured:
    """A stored metric and the same one measured again; None where either has no value."""

    metric: Metric
    again: float | None

    def agrees(self, tolerance: float) -> bool:
        """Whether they differ by at most this share of the stored value."""
        stored = self.metric.value
        if stored is None or self.again is None:
            return stored is self.again
        return abs(self.again - stored) <= tolerance * max(abs(stored), abs(self.again))


def verify(experiment: Experiment) -> list[Remeasured]:
    """Encodes the configured signals with the stored weights, and measures reconstructions.

    Nothing that is stored changes.

    Raises:
        StageError: there is nothing to compare with, or it was measured under other settings.
    """
    stored = experiment.upstream("reconstruction")
    now = experiment.cell.model_dump(mode="json")
    then = stored.provenance.config if stored.provenance else {}
    changed = [key for key in ("training", "encode", "evaluate") if then.get(key) != now[key]]
    if changed:
        raise StageError(
            f"{experiment.path('reconstruction')}: measured with other settings "
            f"({', '.join(changed)}) than are configured now; run the cell again"
        )
    with TemporaryDirectory(dir=experiment.directory) as folder:
        apart = replace(experiment, results=Path(folder))
        apart.directory.mkdir(parents=True)
        for name in NEEDED:
            shutil.copy(experiment.directory / name, apart.directory / name)
        encode.run(apart)
        again = reconstruct.run(apart).metrics
    found = {(metric.name, metric.split): metric.value for metric in again}
    return [Remeasured(metric, found.get((metric.name, metric.split))) for metric in stored.metrics]
