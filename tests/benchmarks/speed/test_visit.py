"""A visit to a machine with a GPU: parts end in time, and none keeps another from running."""

import pytest

from benchmarks.speed.visit import Part, visit

SAVES = """
import signal, sys, time
from pathlib import Path
def save(number, frame):
    Path("saved").touch()
    sys.exit(130)
signal.signal(signal.SIGTERM, save)
time.sleep(60)
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    programs = {"fails": "raise SystemExit('no such data')", "works": "print(6 * 7)"}
    for name, source in {**programs, "saves": SAVES}.items():
        (tmp_path / f"{name}.py").write_text(source, encoding="utf-8")
    return tmp_path


def test_a_part_that_fails_keeps_no_other_from_running(folder, capsys):
    assert visit([Part("a", ["fails"], 0.5), Part("b", ["works"], 1)], 5, folder) == 1
    assert (folder / "a.log").read_text(encoding="utf-8") == "no such data\n"
    assert (folder / "b.log").read_text(encoding="utf-8") == "42\n"
    said = [line.partition(" after ")[0] for line in capsys.readouterr().out.splitlines()]
    assert said == ["a: failed with exit code 1", "b: done"]


def test_a_part_at_the_end_of_its_time_saves_and_is_no_failure(folder, capsys):
    assert visit([Part("training", ["saves"], 0.1)], 1, folder) == 0
    assert (folder / "saved").exists()
    assert "stopped at the end of its time" in capsys.readouterr().out
