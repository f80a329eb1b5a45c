"""One process writes a result at a time, and whoever comes second hears who does."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from benchmarks.stages.lock import WAIT, LockedError, written_here
from lift.files import WriteError

ROOT = Path(__file__).resolve().parents[3]
HOLD = """
import sys, time
from pathlib import Path
from benchmarks.stages.lock import written_here
with written_here(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def held(tmp_path):
    """A result that another process writes, and that process."""
    result = tmp_path / "seed0" / "fit.json"
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(result)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None
    assert other.stdout.readline() == "held\n"
    yield result, other
    other.kill()
    other.wait()


def test_the_second_says_in_one_line_who_writes(held):
    result, other = held
    told = f"process {other.pid} on .* is writing it"
    with pytest.raises(LockedError, match=told), written_here(result):
        pass
    with written_here(result.with_name("encode.json")):  # another stage is another result
        pass


def test_a_killed_owner_leaves_no_lock(held):
    result, other = held
    other.kill()
    other.wait()
    with written_here(result):
        pass


def test_the_workflow_waits_for_whoever_writes(held, monkeypatch, capsys):
    monkeypatch.setenv(WAIT, "1")
    result, other = held
    threading.Timer(0.5, other.kill).start()
    with written_here(result):
        pass
    assert f"waiting for process {other.pid}" in capsys.readouterr().err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_one_clear_line(tmp_path):
    tmp_path.chmod(0o500)
    told = r"fit\.json could not be written: Permission denied"
    with pytest.raises(WriteError, match=told), written_here(tmp_path / "fit.json"):
        pass


def test_a_folder_that_cannot_be_is_one_clear_line(tmp_path):
    (tmp_path / "seed0").write_text("a file where a folder belongs", encoding="utf-8")
    told = r"fit\.json could not be written"
    with pytest.raises(WriteError, match=told), written_here(tmp_path / "seed0" / "fit.json"):
        pass
