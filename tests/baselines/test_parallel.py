"""Two processes that share every batch end with the numbers of one."""

import csv
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from lift.meta.parallel import Team, TeamError
from tests.baselines.trained_together import RECIPES, STOPPED, steps_of, train

ROOT = Path(__file__).resolve().parents[2]
METHODS = [*RECIPES, "functa", "spatial_functa", "mnif", "gem", "enf", "metalf"]
STOPPED_TOGETHER, STOPPED_ALONE = "lift", "functa"
MEASURED = ("loss", "train_psnr", "gradient_norm", "validation_psnr")


def together(folder: Path, *cases: str) -> None:
    launch = ["torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command = [sys.executable, "-m", *launch, "-m", "tests.baselines.trained_together"]
    done = subprocess.run(
        [*command, str(folder), *cases], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.fixture(scope="module")
def of_two(tmp_path_factory):
    """Every method's training by two processes; some were stopped, and went on in other numbers."""
    folder = tmp_path_factory.mktemp("two")
    torch.set_default_dtype(torch.float64)
    try:
        train(folder, STOPPED_ALONE + STOPPED)
        others = [name for name in METHODS if name != STOPPED_TOGETHER]
        together(folder, *others, STOPPED_TOGETHER + STOPPED)
        train(folder, STOPPED_TOGETHER)
    finally:
        torch.set_default_dtype(torch.float32)
    return folder


def curve(folder: Path, name: str) -> dict[str, np.ndarray]:
    with (folder / name / "curve.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {key: np.array([float(row[key] or "nan") for row in rows]) for key in MEASURED}


@pytest.mark.parametrize("name", METHODS)
def test_numbers_are_those_of_one_process(name, of_two, tmp_path, float64):
    assert train(tmp_path, name) == ""
    expected, found = curve(tmp_path, name), curve(of_two, name)
    for key in MEASURED:
        assert len(found[key]) == steps_of(name)
        np.testing.assert_allclose(found[key], expected[key], rtol=1e-6)
    weights = load_file(of_two / name / "field.safetensors")
    for key, value in load_file(tmp_path / name / "field.safetensors").items():
        np.testing.assert_allclose(weights[key], value, rtol=1e-6, atol=1e-9)


def test_a_signal_to_one_process_stops_all_after_the_same_step(of_two):
    said = {
        (of_two / f"{STOPPED_TOGETHER}{STOPPED}.{rank}.txt").read_text(encoding="utf-8")
        for rank in range(2)
    }
    assert said == {"step 25 of 50 is kept; run it again to go on"}


def test_every_signal_belongs_to_one_process():
    parts = [range(10)[Team(rank, 4).share(10)] for rank in range(4)]
    assert [list(part) for part in parts] == [[0, 1, 2], [3, 4, 5], [6, 7], [8, 9]]


def test_a_batch_smaller_than_the_team_is_refused():
    with pytest.raises(TeamError, match="4 processes for a batch of 3 signals"):
        Team(0, 4).shared(3)
