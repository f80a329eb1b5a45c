"""Stages that ``torchrun`` starts: two processes make what one makes, and stop as one stops."""

import csv
import re
import runpy
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch
import yaml
from safetensors.numpy import load_file

from benchmarks.datasets.dataset import Split
from benchmarks.datasets.loaders import load_raw
from benchmarks.datasets.store import prepare
from benchmarks.records.result import read_result
from benchmarks.settings import folders
from benchmarks.settings.dataset import load_dataset_config
from benchmarks.stages.lock import WAIT, written_here
from lift.checkpoint import load_metadata
from lift.functaset import open_functaset

ROOT = Path(__file__).resolve().parents[3]
DATASET, STEPS = "embedded-images", 100
PATIENCE = 600
"""Seconds after which a test says that something hangs."""
SCALE = {
    "scale": "pair",
    "seeds": [0],
    "threads": 1,
    "tables": {"cifar10": DATASET},
    "datasets": {
        DATASET: {
            "methods": ["lift"],
            "train": 32,
            "validation": 7,
            "encode": {"train": 21, "test": 17},
            "evaluate": {"train": 2, "test": 2},
            # Five signals a step, so that two processes have unequal shares.
            "fit": {
                "batch": 5, "steps": STEPS, "inner_steps": 1, "clip": 0.05,
                "log_every": 1, "validate_every": 50, "checkpoint_seconds": 1e-3,
            },
            "overrides": {
                "lift": {
                    "field": {
                        "width": 8, "sine_layers": 2, "latent_channels": [8, 4, 4],
                        "inner_rates": {
                            "start": 20.0, "learned": "fixed", "steps": None,
                            "logarithm": False, "clamp": None,
                        },
                    }
                }
            },
        }
    },
}  # fmt: skip


pytestmark = pytest.mark.filterwarnings("ignore:.*found in sys.modules:RuntimeWarning")


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A scale of one tiny cell, and its data."""
    root = tmp_path_factory.mktemp("project")
    (root / "scales").mkdir()
    (root / "scales" / "pair.yaml").write_text(yaml.safe_dump(SCALE), encoding="utf-8")
    settings = load_dataset_config(DATASET)
    prepare(settings, load_raw(settings), root / "data" / DATASET)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(folders.VARIABLE, str(root))
        patch.setenv("OMP_NUM_THREADS", "1")
        torch.set_default_dtype(torch.float64)
        yield root
        torch.set_default_dtype(torch.float32)


def cell(results):
    return results / "pair" / DATASET / "lift" / "seed0"


def program(stage, project, results):
    return [
        *(f"benchmarks.stages.{stage}", "--scale", "pair", "--dataset", DATASET),
        *("--method", "lift", "--device", "cpu"),
        *("--results", str(results), "--data", str(project / "data")),
    ]


def alone(stage, project, results):
    """One process, this one."""
    run_here(*program(stage, project, results))


def run_here(module, *arguments):
    """A program, in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [module, *arguments])
        runpy.run_module(module, run_name="__main__", alter_sys=True)


class Pair:
    """Two processes that ``torchrun`` starts, in a folder's cell."""

    def __init__(self, stage, project, results):
        launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
        words = [sys.executable, *launch, "-m", "tests.benchmarks.stages.in_double"]
        self.stage = stage
        self.torchrun = psutil.Popen(
            [*words, *program(stage, project, results)],
            cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def workers(self):
        """Both, by their rank."""
        wait_until(lambda: len(self.torchrun.children()) == 2)
        return sorted(self.torchrun.children(), key=lambda worker: worker.environ()["RANK"])

    def end(self):
        """Exit code, and what the stage wrote to standard output and error, bars left out.

        Both are read until no process holds them: workers have ended too.
        """
        try:
            out, err = self.torchrun.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            for process in [*self.torchrun.children(), self.torchrun]:
                process.kill()
            raise
        assert err.count("Traceback") <= 1, err  # torchrun's own
        words = re.compile(rf"{self.stage}: (?!\d+ of \d+, )")
        lines = [line for line in err.splitlines() if words.match(line)]
        return self.torchrun.returncode, out.splitlines(), lines


def wait_until(condition):
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until, "nothing happens"
        time.sleep(0.02)


def curve(results):
    with (cell(results) / "curve.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    names = ("step", "signals", "loss", "train_psnr", "gradient_norm", "validation_psnr")
    return {name: np.array([float(row[name] or "nan") for row in rows]) for name in names}


@pytest.fixture(scope="module")
def trained(project):
    """One process's results, and those of two, one and two that went on with each other's."""
    results, ours = project / "alone", project / "ours"
    alone("fit", project, results)
    pair = Pair("fit", project, ours)
    checkpoint = cell(ours) / "checkpoint.safetensors"
    wait_until(checkpoint.exists)
    # A scheduler tells all processes of a job; torchrun tells its own once more.
    for process in [*pair.workers(), pair.torchrun]:
        process.terminate()
    stopped = pair.end()
    kept = [step_of(checkpoint)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Split, "batch", stops_after(10))
        with pytest.raises(SystemExit) as ended:
            alone("fit", project, ours)
    kept.append(step_of(checkpoint))
    finished = Pair("fit", project, ours).end()
    return {"stopped": stopped, "kept": kept, "code": ended.value.code, "finished": finished}


def step_of(checkpoint):
    return load_metadata(checkpoint)["progress"]["step"]


def stops_after(reads):
    """`Split.batch` that asks this process to stop at one of its calls."""
    read, left = Split.batch, [reads]

    def batch(split, indices):
        left[0] -= 1
        if left[0] == 0:
            signal.raise_signal(signal.SIGTERM)
        return read(split, indices)

    return batch


def test_a_signal_to_all_is_one_line_and_keeps_the_step(trained):
    code, _, lines = trained["stopped"]
    first, second = trained["kept"]
    assert code != 0
    assert lines == [f"fit: step {first} of {STEPS} is kept; run it again to go on"]
    assert trained["code"] == 130
    assert second == first + 10 < STEPS


def test_training_goes_on_in_another_number_of_processes(project, trained):
    code, out, lines = trained["finished"]
    assert (code, lines) == (0, [])
    assert [line.partition(":")[0] for line in out if line.startswith("fit:")] == ["fit", "fit"]
    assert sum("continuing at step" in line for line in out) == 1, out
    found, expected = curve(project / "ours"), curve(project / "alone")
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-6, err_msg=name)
    weights = load_file(cell(project / "ours") / "field.safetensors")
    for name, values in load_file(cell(project / "alone") / "field.safetensors").items():
        np.testing.assert_allclose(weights[name], values, rtol=1e-6, atol=1e-9, err_msg=name)


def test_a_result_says_how_many_processes_made_it(project, trained):
    one, two = (
        read_result(cell(project / name) / "fit.json").provenance for name in ("alone", "ours")
    )
    assert (one.processes, two.processes) == (1, 2)
    assert two.machine == f"2 x {one.device}, 1 thread"


def test_latents_of_two_processes_are_those_of_one_in_order(project, trained):
    results = project / "encoded"
    shutil.copytree(project / "ours", results)
    alone("encode", project, results)
    code, _, lines = Pair("encode", project, project / "ours").end()
    assert (code, lines) == (0, [])
    weights = read_result(cell(results) / "fit.json").artifacts["field.safetensors"]
    expected, found = (
        open_functaset(cell(root) / "functaset", weights) for root in (results, project / "ours")
    )
    for split, count in SCALE["datasets"][DATASET]["encode"].items():
        for name, values in expected.splits[split].items():
            assert len(values) == count
            np.testing.assert_allclose(found.splits[split][name], values, rtol=1e-6, atol=1e-12)
    for name in expected.mean:
        torch.testing.assert_close(found.mean[name], expected.mean[name], rtol=1e-6, atol=1e-9)
        torch.testing.assert_close(found.std[name], expected.std[name], rtol=1e-6, atol=1e-9)


def test_no_process_outlives_a_killed_torchrun(project, monkeypatch):
    """Not even one that waits for another, which waits for the lock."""
    monkeypatch.setenv(WAIT, "1")
    result = cell(project / "orphaned") / "fit.json"
    with written_here(result):
        pair = Pair("fit", project, project / "orphaned")
        assert "waiting for process" in pair.torchrun.stderr.readline()
        pair.torchrun.kill()
        _, out, lines = pair.end()
    assert (out, lines) == ([], ["fit: stopped by SIGTERM"])


CELL = ("--dataset", DATASET, "--method", "lift")
OTHERS = {
    "prepare": ("--dataset", DATASET),
    "cost": ("--dataset", "cifar10", "--method", "lift"),
    "reconstruct": CELL,
    "learning_curve": CELL,
    "interpolate": CELL,
    "generation.generate": CELL,
    "classification.encode_copies": CELL,
    "classification.classify": CELL,
    "classification.classify_pixels": CELL,
    "single_signal.compare": ("--task", "camera"),
    "single_signal.spectral_bias": (),
    "search": (),
    "ablate": ("inner_steps",),
}


@pytest.mark.parametrize("stage", OTHERS)
def test_other_stages_refuse_before_they_do_anything(stage, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WORLD_SIZE", "2")
    said = []
    for rank in range(2):
        monkeypatch.setenv("LOCAL_RANK", str(rank))
        with pytest.raises(SystemExit) as ended:
            run_here(f"benchmarks.stages.{stage}", *OTHERS[stage])
        said.append(ended.value.code)
    assert said[0].endswith(": 2 processes were started; it takes one, without torchrun")
    assert said[1] == 0
    assert not any(tmp_path.iterdir())
