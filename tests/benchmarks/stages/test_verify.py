"""A cell's weights measured again, beside what other runs do or have left."""

import pytest
import torch

from benchmarks.settings.cell import resolve
from benchmarks.stages.experiment import Experiment
from benchmarks.stages.lock import LockedError, written_here
from benchmarks.stages.verify import verify
from tests.benchmarks.stages.commands import SHAPES


@pytest.fixture
def experiment(encoded_copy):
    cell = resolve("demo", SHAPES.dataset, "lift", 0)
    return Experiment(cell, encoded_copy / "results", encoded_copy / "data", torch.device("cpu"))


def test_a_folder_that_a_killed_run_left_is_taken_over_and_none_is_left(experiment):
    left = experiment.directory / ".verify"
    left.mkdir()
    (left / "half").write_text("a file", encoding="utf-8")
    assert all(metric.agrees(1e-3) for metric in verify(experiment))
    assert not left.exists()


def test_a_cell_is_verified_by_one_process_at_a_time(experiment):
    with written_here(experiment.directory / "verify.json"), pytest.raises(LockedError):
        verify(experiment)
