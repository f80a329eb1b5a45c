"""Jobs of the workflow: threads, memory, failures, and the end of whoever asked for them."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from benchmarks.records.result import Result, ResultError, read_result, write_result
from benchmarks.workflow.programs import write_failure

ROOT = Path(__file__).resolve().parents[3]
RESULT = Path("results/demo/embedded-images/lift/seed0/fit.json")
OTHER = RESULT.with_name("encode.json")


def command(*programs, results=(RESULT,), more=()):
    words = [word for program in programs for word in ("--", *program)]
    return [
        *(sys.executable, "-m", "benchmarks.workflow.job", "--threads", "1", "--log", "log.txt"),
        *more,
        *("--results", *map(str, results)),
        *words,
    ]


def variables(folder):
    return {**os.environ, "PYTHONPATH": f"{folder}:{ROOT}", "CUDA_VISIBLE_DEVICES": ""}


def module(folder, name, source):
    (folder / f"{name}.py").write_text(source, encoding="utf-8")
    return (name,)


def run_job(folder, *programs, results=(RESULT,), code=0):
    done = subprocess.run(
        command(*programs, results=results), cwd=folder, env=variables(folder), check=False
    )
    assert done.returncode == code
    return (folder / "log.txt").read_text(encoding="utf-8")


def test_a_failed_program_leaves_a_failed_result_with_its_own_sentence(tmp_path):
    run_job(tmp_path, module(tmp_path, "sad", "import sys; sys.exit('fit: step 7: loss nan')"))
    result = read_result(tmp_path / RESULT)
    assert (result.status, result.reason) == ("failed", "step 7: loss nan")
    assert (result.dataset, result.method, result.seed) == ("embedded-images", "lift", 0)


def test_a_bug_keeps_its_traceback_in_the_log_that_the_reason_names(tmp_path):
    log = run_job(tmp_path, module(tmp_path, "bug", "print({}['a key'])"))
    assert "Traceback" in log
    reason = read_result(tmp_path / RESULT).reason
    assert reason == "KeyError: 'a key' (a bug; its traceback is in log.txt)"


def test_a_killed_program_leaves_a_failed_result(tmp_path):
    run_job(tmp_path, module(tmp_path, "die", "import os; os.kill(os.getpid(), 9)"))
    assert read_result(tmp_path / RESULT).reason.startswith("ended by SIGKILL; is there enough mem")


def test_one_failure_does_not_keep_the_next_program_from_running(tmp_path):
    sad = module(tmp_path, "sad", "import sys; sys.exit('fit: sad')")
    happy = module(tmp_path, "happy", "import sys; print('done', sys.argv[1:])")
    log = run_job(tmp_path, sad, (*happy, "--a", "b"), results=(RESULT, OTHER))
    assert log.splitlines() == ["fit: sad", "done ['--a', 'b']"]
    assert not (tmp_path / OTHER).exists()


def test_a_failure_replaces_no_result_that_is_fine(tmp_path):
    path = tmp_path / RESULT
    fine = Result(stage="fit", scale="demo", dataset="d", method="lift", seed=0, status="ok")
    write_result(path, fine)
    write_failure(path, "too late")
    assert read_result(path) == fine


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_stopped_job_stops_its_program_and_leaves_no_result(tmp_path, number):
    job = started(tmp_path)
    job.send_signal(number)
    assert job.wait(30) == 130
    assert "stopped by" in (tmp_path / "log.txt").read_text(encoding="utf-8")
    with pytest.raises(ResultError, match="no such result"):
        read_result(tmp_path / RESULT)


TALKER = """
import time
print("fit: lift on x, scale demo, seed 0; 960 train", flush=True)
print("a/checkpoint.safetensors: continuing at step 4", flush=True)
print("fit: 3 of 4, psnr=20.1, 00:21 gone, 00:07 left, 7 s/it", flush=True)
print("fit: psnr 20 dB", end="", flush=True)
time.sleep(1.5)
print(" (test) after 2.0 s; wrote fit.json in a; next: python -m b", flush=True)
"""


def test_a_stages_first_and_last_line_stand_in_the_terminal_and_all_in_the_log(tmp_path):
    words = command(module(tmp_path, "talker", TALKER))
    done = subprocess.run(
        words, cwd=tmp_path, env=variables(tmp_path), check=True, stderr=subprocess.PIPE, text=True
    )
    said = (tmp_path / "log.txt").read_text(encoding="utf-8").splitlines()
    assert said[3] == "fit: psnr 20 dB (test) after 2.0 s; wrote fit.json in a; next: python -m b"
    assert done.stderr.splitlines() == [said[0], said[1], said[3]]


SLEEPER = """
import os, time
from pathlib import Path
Path("pid").write_text(str(os.getpid()), encoding="utf-8")
time.sleep(60)
"""


def started(folder, *more, parent=None):
    """A job whose program runs; ``pid`` in the folder is the program's."""
    words = command(module(folder, "sleeper", SLEEPER), more=more)
    if parent:
        words = [sys.executable, "-c", parent, *words]
    job = subprocess.Popen(words, cwd=folder, env=variables(folder))
    until = time.monotonic() + 60
    while not (folder / "pid").exists() or not (folder / "pid").read_text(encoding="utf-8"):
        assert time.monotonic() < until
        time.sleep(0.05)
    return job


def ends(folder):
    """Whether the program ends by itself, now."""
    pid = int((folder / "pid").read_text(encoding="utf-8"))
    try:
        psutil.Process(pid).wait(20)
    except psutil.NoSuchProcess:
        return True
    except psutil.TimeoutExpired:
        return False
    return True


def test_no_program_outlives_a_killed_job(tmp_path):
    job = started(tmp_path)
    job.kill()
    job.wait()
    assert ends(tmp_path)


PARENT = """
import os, subprocess, sys
words = sys.argv[1:]
words[words.index("--results"):words.index("--results")] = ["--parent", str(os.getpid())]
subprocess.run(words)
"""


def test_no_program_outlives_whoever_asked_for_its_job(tmp_path):
    parent = started(tmp_path, parent=PARENT)
    parent.kill()
    parent.wait()
    assert ends(tmp_path)


def test_the_wrapper_imports_no_torch():
    program = "import sys, benchmarks.workflow.job; print('torch' in sys.modules)"
    said = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == "False"


def test_threads_reach_torch_and_freed_memory_is_kept(tmp_path, monkeypatch):
    # As Snakemake sets them for a job that claims four cores.
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    monkeypatch.setenv("MKL_NUM_THREADS", "4")
    source = (
        "import os, torch; print(torch.get_num_threads(), os.environ['MALLOC_TRIM_THRESHOLD_'])"
    )
    assert run_job(tmp_path, module(tmp_path, "say", source)).split() == ["1", str(2 * 2**30)]


ALONE = """
import os, time
from pathlib import Path
from benchmarks.stages.failure import one_line
with one_line("alone"):
    Path("pid").write_text(str(os.getpid()), encoding="utf-8")
    time.sleep(60)
"""
REQUESTER = """
import os, subprocess, sys
subprocess.run(sys.argv[1:], env={**os.environ, "LIFT_REQUESTER": str(os.getpid())})
"""


def test_a_program_without_a_job_ends_with_whoever_asked_for_it(tmp_path):
    words = [sys.executable, "-c", REQUESTER, sys.executable, "-c", ALONE]
    requester = subprocess.Popen(words, cwd=tmp_path, env=variables(tmp_path))
    until = time.monotonic() + 60
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text(encoding="utf-8"):
        assert time.monotonic() < until
        time.sleep(0.05)
    requester.kill()
    requester.wait()
    assert ends(tmp_path)
