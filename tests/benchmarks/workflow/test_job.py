"""Jobs of the workflow: devices, threads, failures."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.records.result import read_result
from benchmarks.workflow import job

RESULT = Path("results/demo/embedded-images/lift/seed0/fit.json")


def run_job(tmp_path, *command, **options):
    return subprocess.run(
        [
            *(sys.executable, "-m", "benchmarks.workflow.job", "--threads", "1"),
            *("--log", "log.txt", "--result", str(RESULT), "--", sys.executable, *command),
        ],
        cwd=tmp_path,
        check=True,
        **options,
    )


def test_a_failed_program_leaves_a_failed_result_with_its_last_words(tmp_path):
    run_job(tmp_path, "-c", "import sys; sys.exit('fit: step 7: loss nan')")
    result = read_result(tmp_path / RESULT)
    assert (result.status, result.reason) == ("failed", "fit: step 7: loss nan")
    assert (result.dataset, result.method, result.seed) == ("embedded-images", "lift", 0)


def test_a_killed_program_leaves_a_failed_result(tmp_path):
    run_job(tmp_path, "-c", "import os; os.kill(os.getpid(), 9)")
    assert read_result(tmp_path / RESULT).reason == "killed by signal 9"


def test_a_program_that_succeeds_writes_its_own_result(tmp_path):
    run_job(tmp_path, "-c", "print('done')")
    assert not (tmp_path / RESULT).exists()
    assert (tmp_path / "log.txt").read_text() == "done\n"


def test_threads_reach_torch(tmp_path, monkeypatch):
    # As Snakemake sets them for a job that claims four cores.
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    monkeypatch.setenv("MKL_NUM_THREADS", "4")
    run_job(tmp_path, "-c", "import torch; print(torch.get_num_threads())")
    assert (tmp_path / "log.txt").read_text().strip() == "1"


def test_without_a_gpu_jobs_see_none(tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    run_job(tmp_path, "-c", "import os; print(repr(os.environ['CUDA_VISIBLE_DEVICES']))")
    assert (tmp_path / "log.txt").read_text().strip() == "''"


def test_four_jobs_on_two_devices_run_in_pairs(tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,7")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    program = (
        "import os, sys, time; d = os.environ['CUDA_VISIBLE_DEVICES'];"
        "open(f'{sys.argv[1]}/busy-{d}', 'x').close(); time.sleep(0.5);"
        "os.unlink(f'{sys.argv[1]}/busy-{d}'); print(d)"
    )
    jobs = [
        subprocess.Popen(
            [
                *(sys.executable, "-m", "benchmarks.workflow.job", "--log", f"{n}.log"),
                *("--result", str(RESULT), "--", sys.executable, "-c", program, str(tmp_path)),
            ],
            cwd=tmp_path,
        )
        for n in range(4)
    ]
    assert [process.wait() for process in jobs] == [0] * 4
    assert not (tmp_path / RESULT).exists()  # nobody found a device busy
    used = [(tmp_path / f"{n}.log").read_text().strip() for n in range(4)]
    assert set(used) == {"4", "7"}


def test_a_killed_job_frees_its_device(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(job.tempfile, "tempdir", str(tmp_path))
    holder = subprocess.Popen(
        [
            *(sys.executable, "-c"),
            "import time; from benchmarks.workflow.job import device_slot\n"
            "with device_slot(['0']): print('held', flush=True); time.sleep(60)",
        ],
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    holder.kill()
    holder.wait()
    began = time.monotonic()
    with job.device_slot(["0"], poll_seconds=0.05) as device:
        assert device == "0"
    assert time.monotonic() - began < 30


@pytest.mark.parametrize(("value", "expected"), [("", []), ("2", ["2"]), ("0,3", ["0", "3"])])
def test_the_parents_devices_are_respected(monkeypatch, value, expected):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", value)
    assert job.visible_devices() == expected


def test_a_program_keeps_its_memory(tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    run_job(tmp_path, "-c", "import os; print(os.environ['MALLOC_TRIM_THRESHOLD_'])")
    assert int((tmp_path / "log.txt").read_text()) == 2 * 2**30
