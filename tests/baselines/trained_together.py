"""Trains small fields in float64, in this process or in those that ``torchrun`` started.

torchrun --nproc-per-node 2 -m tests.baselines.trained_together FOLDER CASE...
"""

import os
import signal
import sys
from pathlib import Path

import numpy as np
import torch

from lift.checkpoint import Checkpoint
from lift.field import Domain, NeuralField
from lift.interrupt import Interrupted
from lift.meta.config import FitConfig
from lift.meta.parallel import ALONE, Team, joined
from lift.meta.training import fit
from tests.baselines.test_neural_fields import FIELDS
from tests.lift.fields import small_lift
from tests.lift.meta.test_training import Waves, config

STOPPED = "-stopped"
"""Ends a case's name: the last process is asked to stop half-way."""
RECIPES = {
    "lift": {"tied_steps": 20, "agreement": 0.01, "latent_noise": 0.01, "rates_rate": 1e-2},
    "lift-muon": {"muon_rate": 1e-3, "micro_batch": 2, "stride": 2, "clip": None},
}
"""What differs from `recipe`."""


def steps_of(name: str) -> int:
    """LIFT has all that a step may do; the rest differ in their fields alone."""
    return 50 if name in RECIPES else 12


class Signals(Waves):
    """Waves in float64; reading half-way through a training asks this process to stop."""

    def __init__(self, count: int, seed: int = 0, stop_at: int = 0) -> None:
        super().__init__(count, seed)
        self.values, self.reads, self.stop_at = self.values.double(), 0, stop_at

    def batch(self, indices: np.ndarray) -> torch.Tensor:
        self.reads += 1
        if self.reads == self.stop_at:
            os.kill(os.getpid(), signal.SIGTERM)
        return super().batch(indices)


def recipe(name: str) -> FitConfig:
    """Five signals a step, so that two processes have unequal shares."""
    rest = {"batch": 5, "steps": steps_of(name), "rate": 1e-3, "log_every": 1, "validate_every": 6}
    lift = name.startswith("lift")
    way = {"gradient": "replayed", "inner_steps": 2} if lift else {"inner_steps": 1}
    return config(
        **{**rest, "gradient": "unrolled", "checkpoint_seconds": 60, **way}, **RECIPES.get(name, {})
    )


def field_of(name: str) -> NeuralField:
    """A fresh field, the same in every process."""
    torch.manual_seed(0)
    return small_lift() if name.startswith("lift") else FIELDS[name](Domain(2, 8, 3))


def train(folder: Path, case: str, team: Team = ALONE) -> str:
    """Trains one case, or goes on with it; what it says where it was stopped."""
    name = case.removesuffix(STOPPED)
    stops = case != name and team.rank == team.size - 1
    try:
        fit(
            field_of(name),
            Signals(32, stop_at=steps_of(name) // 2 if stops else 0),
            Signals(7, seed=1),
            recipe(name),
            checkpoint=Checkpoint(folder / name / "checkpoint.safetensors", {"name": name}),
            seed=0,
            team=team,
        )
    except Interrupted as stopped:
        return str(stopped)
    return ""


if __name__ == "__main__":
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    with joined() as team:
        for case in sys.argv[2:]:
            said = train(Path(sys.argv[1]), case, team)
            path = Path(sys.argv[1]) / f"{case}.{team.rank}.txt"
            path.write_text(said, encoding="utf-8")
