"""GPUs: which a job may use, and one job at a time on each, on several at once too."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.workflow import devices
from benchmarks.workflow.devices import LOCKS, device_slots, visible_devices

ROOT = Path(__file__).resolve().parents[3]
TWO = {"0": "GPU-a", "1": "GPU-b"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", []),
        ("2", ["2"]),
        ("0,3", ["0", "3"]),
        ("-1", []),
        ("0,-1,1", ["0"]),
        ("NoDevFiles", []),
        ("GPU-5f,MIG-1", ["GPU-5f", "MIG-1"]),
        ("1,1", []),
    ],
)
def test_the_parents_devices_are_read_as_cuda_reads_them(monkeypatch, value, expected):
    monkeypatch.setattr(devices, "_driver", dict)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", value)
    assert visible_devices() == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, ["GPU-a", "GPU-b"]), ("1,0", ["GPU-b", "GPU-a"]), ("0,7,1", ["GPU-a"])],
)
def test_a_device_is_named_by_what_does_not_change(monkeypatch, value, expected):
    monkeypatch.setattr(devices, "_driver", lambda: TWO)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if value is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", value)
    assert visible_devices() == expected


HOLD = """
import sys, time
from pathlib import Path
from benchmarks.workflow.devices import device_slots, visible_devices
with device_slots(visible_devices(), int(sys.argv[3]), 0.05) as own:
    for device in own:
        (Path(sys.argv[1]) / device).touch(exist_ok=False)
    print(*own, flush=True)
    time.sleep(float(sys.argv[2]))
    for device in own:
        (Path(sys.argv[1]) / device).unlink()
"""


def holder(folder, seconds, wanted=1):
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder), str(seconds), str(wanted)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def busy(tmp_path, monkeypatch):
    """A folder in which a held device has a file."""
    monkeypatch.setenv(LOCKS, str(tmp_path))
    (tmp_path / "busy").mkdir()
    return tmp_path / "busy"


def held(jobs):
    """What each job held, once all have ended well: nobody found a device busy."""
    said = [job.communicate(timeout=300)[0].split() for job in jobs]
    assert [job.returncode for job in jobs] == [0] * len(jobs)
    return said


def test_four_jobs_on_two_devices_run_in_pairs(busy, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,7")
    said = held([holder(busy, 0.3) for _ in range(4)])
    assert {device for (device,) in said} == {"4", "7"}


def test_jobs_that_want_several_devices_wait_for_all_of_them(busy, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-a,GPU-b,GPU-c")
    wanted = [2, 3, 1, 2, 2, 3]
    said = held([holder(busy, 0.2, count) for count in wanted])
    assert [len(set(own)) for own in said] == wanted


def test_lists_of_devices_that_overlap_keep_no_job_waiting_for_ever(busy, monkeypatch):
    jobs = []
    for visible in ("GPU-a,GPU-b", "GPU-b,GPU-c", "GPU-c,GPU-a") * 2:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
        jobs.append(holder(busy, 0.2, 2))
    assert [len(own) for own in held(jobs)] == [2] * 6


def test_who_wants_more_devices_than_there_are_gets_all(monkeypatch, tmp_path):
    monkeypatch.setenv(LOCKS, str(tmp_path))
    with device_slots(["0", "1"], 4) as own:
        assert own == ["0", "1"]


def test_a_killed_job_frees_its_devices(tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    monkeypatch.setenv(LOCKS, str(tmp_path))
    job = holder(tmp_path, 60, 2)
    assert job.stdout is not None
    assert job.stdout.readline() == "0 1\n"
    job.kill()
    job.wait()
    began = time.monotonic()
    with device_slots(["0", "1"], 2, poll_seconds=0.05) as own:
        assert own == ["0", "1"]
    assert time.monotonic() - began < 30


def test_without_a_gpu_there_is_no_slot_to_wait_for():
    with device_slots([], 1) as own:
        assert own == []


def test_a_program_without_a_job_holds_a_device_that_is_free(monkeypatch, tmp_path):
    monkeypatch.setenv(LOCKS, str(tmp_path))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-a,GPU-b")
    say = "import os; print(os.environ['CUDA_VISIBLE_DEVICES'])"
    program = ["-m", "benchmarks.workflow.on_device", "timeit", "-n", "1", "-r", "1", say]
    with device_slots(["GPU-a", "GPU-b"], 1) as held_here:
        assert held_here == ["GPU-a"]
        run = [sys.executable, *program]
        said = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True)
    assert said.stdout.splitlines()[0] == "GPU-b"
