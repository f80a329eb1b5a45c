"""GPUs: which a job may use, and one job at a time on each."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.workflow import devices
from benchmarks.workflow.devices import LOCKS, device_slot, visible_devices

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
from benchmarks.workflow.devices import device_slot, visible_devices
with device_slot(visible_devices(), 0.05) as device:
    (Path(sys.argv[1]) / device).touch(exist_ok=False)
    print(device, flush=True)
    time.sleep(float(sys.argv[2]))
    (Path(sys.argv[1]) / device).unlink()
"""


def holder(folder, seconds):
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder), str(seconds)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_four_jobs_on_two_devices_run_in_pairs(tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,7")
    monkeypatch.setenv(LOCKS, str(tmp_path))
    (tmp_path / "busy").mkdir()
    jobs = [holder(tmp_path / "busy", 0.3) for _ in range(4)]
    said = [job.communicate()[0].strip() for job in jobs]
    assert [job.returncode for job in jobs] == [0] * 4  # nobody found a device busy
    assert set(said) == {"4", "7"}


def test_a_killed_job_frees_its_device(tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    monkeypatch.setenv(LOCKS, str(tmp_path))
    job = holder(tmp_path, 60)
    assert job.stdout is not None
    assert job.stdout.readline() == "0\n"
    job.kill()
    job.wait()
    began = time.monotonic()
    with device_slot(["0"], poll_seconds=0.05) as device:
        assert device == "0"
    assert time.monotonic() - began < 30


def test_without_a_gpu_there_is_no_slot_to_wait_for():
    with device_slot([]) as device:
        assert device is None
