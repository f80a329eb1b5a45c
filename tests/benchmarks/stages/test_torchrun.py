"""Stages that ``torchrun`` starts: two processes make what one makes, and stop as one stops."""

import csv
import os
import re
import runpy
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
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
from benchmarks.workflow.devices import LOCKS
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
    "resources": {"fit": {"gpus": 2}, "measure": {"gpus": 2}, "generate": {"gpus": 2}},
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
            # Two batches of samples, with noise at every step.
            "generation": {
                "diffusion": {"sampler": "ancestral", "sampling_steps": 4},
                "train": {
                    "batch": 4, "steps": 40, "validate_every": 20, "log_every": 1,
                    "precision": "float32", "checkpoint_seconds": 1e-3,
                },
                "samples": 260,
            },
            "overrides": {
                "lift": {
                    "field": {
                        "width": 8, "sine_layers": 2, "latent_channels": [8, 4, 4],
                        "inner_rates": {
                            "start": 20.0, "learned": "fixed", "steps": None,
                            "logarithm": False, "clamp": None,
                        },
                    },
                    "generation": {"network": {"widths": [32], "blocks": 1, "cellwise": True}},
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


@contextmanager
def single_precision():
    """As stages compute unless a test says otherwise."""
    torch.set_default_dtype(torch.float32)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float64)


class Pair:
    """Two processes that ``torchrun`` starts, in a folder's cell."""

    def __init__(self, stage, project, results, runner=("tests.benchmarks.stages.in_double",)):
        launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
        words = [sys.executable, *launch, "-m", *runner]
        self.stage = stage.partition(".")[0]
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
        # Both processes write to one stream: a warning of torch's may follow in the same line.
        err = re.sub(r"\[rank\d+\]:\[W.*", "", err)
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
    assert two.machine == f"2 x {one.machine}"


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


@pytest.fixture(scope="module")
def generated(project, trained):
    """One process's samples, and those of two, which were stopped while one of them trained."""
    results, ours = project / "generated", project / "generated_by_two"
    shutil.copytree(project / "ours", results)
    with single_precision():
        alone("encode", project, results)
        shutil.copytree(results, ours)
        alone("generation.generate", project, results)
    pair = Pair("generation.generate", project, ours, runner=())
    wait_until((cell(ours) / "denoiser_checkpoint.safetensors").exists)
    for process in [*pair.workers(), pair.torchrun]:
        process.terminate()
    stopped = pair.end()
    return {"stopped": stopped, "finished": Pair("generation.generate", project, ours, ()).end()}


def test_a_signal_while_one_trains_a_denoiser_and_another_waits_is_one_line(generated):
    code, _, lines = generated["stopped"]
    assert code != 0
    assert len(lines) == 1
    # On a busy machine the training may have ended before the signals came.
    kept = r"step \d+ of 40 is kept; run it again to go on"
    assert re.fullmatch(rf"generation: ({kept}|stopped by SIGTERM)", lines[0])


def test_samples_of_two_processes_are_those_of_one(project, generated):
    code, out, lines = generated["finished"]
    assert (code, lines) == (0, [])
    assert [line.partition(":")[0] for line in out if ":" in line].count("generation") == 2, out
    one, two = (
        read_result(cell(project / name) / "generation.json")
        for name in ("generated", "generated_by_two")
    )
    assert (one.provenance.processes, two.provenance.processes) == (1, 2)
    found = {(metric.name, metric.split): metric for metric in two.metrics}
    assert found["fd_effnetlite0", "generated"].samples == 260
    for metric in one.metrics:
        if metric.name != "training_seconds":
            value = found[metric.name, metric.split].value
            assert value == pytest.approx(metric.value, rel=1e-6), metric.name
    sheets = [cell(project / name) / "samples.png" for name in ("generated", "generated_by_two")]
    assert sheets[0].read_bytes() == sheets[1].read_bytes()


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


def job(project, results, method="lift"):
    """A job of the workflow that trains, with two GPUs: pretended ones, the training is on CPUs."""
    stage, *arguments = program("fit", project, results)
    arguments[arguments.index("lift")] = method
    directory = cell(results).parents[1] / method / "seed0"
    paths = ["--log", str(directory / "fit.log"), "--results", str(directory / "fit.json")]
    return psutil.Popen(
        [
            *(sys.executable, "-m", "benchmarks.workflow.job", "--threads", "1", "--gpus", "2"),
            *(*paths, "--", stage, *arguments),
        ],
        cwd=ROOT,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "GPU-a,GPU-b", LOCKS: str(project)},
    )


def test_a_job_with_two_gpus_is_two_processes_that_save_together(project):
    results = project / "job"
    log, result = cell(results) / "fit.log", cell(results) / "fit.json"
    stopped = job(project, results)
    wait_until((cell(results) / "checkpoint.safetensors").exists)
    stopped.terminate()
    assert stopped.wait(PATIENCE) == 130
    assert not result.exists()
    assert re.search(
        r"^fit: step \d+ of 100 is kept; run it again to go on$",
        log.read_text(encoding="utf-8"),
        re.M,
    )
    assert job(project, results).wait(PATIENCE) == 0
    assert "continuing at step" in log.read_text(encoding="utf-8")
    assert read_result(result).provenance.processes == 2


def test_a_reason_of_several_processes_is_the_jobs(project):
    results = project / "job"
    assert job(project, results, "no-such").wait(PATIENCE) == 0
    failed = read_result(cell(results).parents[1] / "no-such" / "seed0" / "fit.json")
    assert failed.status == "failed"
    assert failed.reason.endswith("embedded-images does not run 'no-such'; it runs lift")


CELL = ("--dataset", DATASET, "--method", "lift")
OTHERS = {
    "prepare": ("--dataset", DATASET),
    "cost": ("--dataset", "cifar10", "--method", "lift"),
    "reconstruct": CELL,
    "learning_curve": CELL,
    "interpolate": CELL,
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
