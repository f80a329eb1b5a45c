"""Jobs in forks of one warm process: as in a process of their own."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from benchmarks.workflow import fork_server

ROOT = Path(__file__).resolve().parents[3]
PROBE = """
import json, os, sys
warm = "torch" in sys.modules
if sys.argv[1] == "die":
    os.kill(os.getpid(), 9)
if sys.argv[1] == "fail":
    sys.exit("probe: no such thing")
import torch
print(json.dumps({
    "warm": warm, "arguments": sys.argv[1:], "name": __name__, "server": os.getppid(),
    "directory": os.getcwd(), "threads": torch.get_num_threads(),
    "variable": os.environ.get("LIFT_TEST"), "grown": torch.ones(2).add_(1).sum().item(),
    "ours": sorted(m for m in sys.modules if m.startswith(("lift", "benchmarks.")))}))
"""
HOST = """
import json, os, socket, sys
from pathlib import Path
from benchmarks.workflow import job
job.start_server(1)
with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as killed_before_it_asked:
    killed_before_it_asked.connect(os.environ["LIFT_FORK_SERVER"] + "/1")
os.environ["LIFT_TEST"] = "set after the server started"
for index, argument in enumerate(["go", "fail", "die", "go"]):
    command = [sys.executable, "-m", "probe", argument]
    print(json.dumps(job.run(command, Path(f"{index}.log"), 1)), flush=True)
plain = [sys.executable, "-c", "import sys; print('torch' in sys.modules)"]
print(json.dumps(job.run(plain, Path("plain.log"), 1)))
print(json.dumps(job.run([sys.executable, "-m", "probe", "go"], Path("two.log"), 2)))
print(os.environ["LIFT_FORK_SERVER"])
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """What a process said that started a server and ran jobs, and where."""
    if sys.platform != "linux":
        pytest.skip("jobs are forked on Linux only")
    folder = tmp_path_factory.mktemp("served")
    (folder / "probe.py").write_text(PROBE)
    host = subprocess.run(
        [sys.executable, "-c", HOST],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert host.returncode == 0, host.stderr
    *said, sockets = host.stdout.splitlines()
    return folder, [json.loads(line) for line in said], Path(sockets)


def test_a_forked_program_runs_as_the_interpreter_would_run_it(served):
    folder, said, _ = served
    assert said[0][0] == 0
    report = json.loads((folder / "0.log").read_text())
    assert report["warm"]
    assert report["ours"] == []  # the code on disk is imported, not what the server once read
    assert (report["arguments"], report["name"]) == (["go"], "__main__")
    assert report["directory"] == str(folder)
    assert report["variable"] == "set after the server started"
    assert (report["threads"], report["grown"]) == (1, 4.0)


def test_a_failure_keeps_its_exit_code_and_last_words(served):
    _, said, _ = served
    assert said[1] == [1, "probe: no such thing"]


def test_a_killed_program_is_told_by_its_signal_and_takes_nobody_down(served):
    folder, said, _ = served
    assert said[2] == [-signal.SIGKILL, "killed by signal 9"]
    first, last = (json.loads((folder / f"{n}.log").read_text()) for n in (0, 3))
    assert said[3][0] == 0
    assert first["server"] == last["server"]


def test_other_programs_and_other_threads_get_a_process_of_their_own(served):
    folder, said, _ = served
    assert said[4] == [0, "False"]
    alone = json.loads((folder / "two.log").read_text())
    assert (alone["warm"], alone["threads"]) == (False, 2)


def test_the_server_ends_with_the_process_that_started_it(served):
    _, _, sockets = served
    until = time.monotonic() + 60
    while sockets.exists() and time.monotonic() < until:
        time.sleep(0.1)
    assert not sockets.exists()


@pytest.fixture
def listener(tmp_path, monkeypatch):
    """A socket where the programs of one thread look for a server."""
    monkeypatch.setenv(fork_server.FOLDER, str(tmp_path))
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as found:
        found.bind(str(tmp_path / "1"))
        found.listen()
        yield found


def ask(log):
    with log.open("w") as output:
        return fork_server.run([sys.executable, "-m", "probe", "go"], output, {}, 1)


def test_a_program_that_a_dying_server_never_read_runs_on_its_own(listener, tmp_path):
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(ask, tmp_path / "log.txt")
        assert select.select([listener], [], [], 60)[0]
        time.sleep(0.2)  # the request follows the connection
        listener.close()
        assert asked.result(60) is None


def test_a_program_that_a_dying_server_had_read_counts_as_killed(listener, tmp_path):
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(ask, tmp_path / "log.txt")
        connection, _ = listener.accept()
        assert connection.recv(fork_server.REQUEST_BYTES)
        connection.close()
        assert asked.result(60) == -signal.SIGKILL
