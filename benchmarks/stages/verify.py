"""Measures a cell's stored weights again, and compares with what its JSON says."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace

from benchmarks.records.result import Metric
from benchmarks.stages import encode, reconstruct
from benchmarks.stages.experiment import Experiment, StageError
from benchmarks.stages.lock import written_here
from lift.interrupt import interruptible

NEEDED = ("fit.json", "encode.json", "field.safetensors", "curve.csv")


@dataclass(frozen=True)
class Remeasured:
    """A stored metric and the same one measured again; None where either has no value."""

    metric: Metric
    again: float | None

    def agrees(self, tolerance: float) -> bool:
        """Whether they differ by at most this share of the larger of both."""
        stored = self.metric.value
        if stored is None or self.again is None:
            return stored is self.again
        return abs(self.again - stored) <= tolerance * max(abs(stored), abs(self.again))


def verify(experiment: Experiment) -> list[Remeasured]:
    """Encodes the configured signals with the stored weights, and measures reconstructions.

    Nothing that is stored changes.

    Raises:
        StageError: there is nothing to compare with, or it was measured under other settings.
        LockedError: another process verifies this cell.
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
    with written_here(experiment.directory / "verify.json"), interruptible():
        again = _measured_apart(experiment)
    found = {(metric.name, metric.split): metric.value for metric in again}
    return [Remeasured(metric, found.get((metric.name, metric.split))) for metric in stored.metrics]


def _measured_apart(experiment: Experiment) -> list[Metric]:
    """Works in a folder beside the results, which a killed run may have left."""
    folder = experiment.directory / ".verify"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        apart = replace(experiment, results=folder)
        apart.directory.mkdir(parents=True)
        for name in NEEDED:
            shutil.copy(experiment.directory / name, apart.directory / name)
        encode.run(apart)
        return reconstruct.run(apart).metrics
    finally:
        shutil.rmtree(folder, ignore_errors=True)
