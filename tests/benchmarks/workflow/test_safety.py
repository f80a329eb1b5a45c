"""What a run never loses, and what it says."""

import json
import shutil
import signal
import subprocess
import sys
import time

import pytest

from tests.benchmarks.workflow.commands import (
    CELL,
    edit,
    planned,
    result,
    snakemake,
    variables,
    words,
)

TARGET = f"{CELL}/reconstruction.json"
SCALE = "config/scales/demo.yaml"


def files(project):
    """Every file of the results with what it holds."""
    return {
        path: path.read_bytes()
        for path in sorted((project / "results").rglob("*"))
        if path.is_file() and "logs" not in path.parts
    }


@pytest.fixture
def spoilt(finished):
    """The finished project, put back after a test that changes it."""
    kept = finished.with_name("kept")
    shutil.rmtree(kept, ignore_errors=True)
    shutil.copytree(finished, kept)
    yield finished
    for name in ("results", "config", "data", ".snakemake"):
        shutil.rmtree(finished / name)
        shutil.move(kept / name, finished / name)


def test_a_failed_cell_shows_its_reason_fails_the_run_and_is_tried_again(spoilt):
    original = (spoilt / SCALE).read_text(encoding="utf-8")

    def diverge(scale):
        lift = scale["datasets"]["embedded-images"]["overrides"]["lift"]
        lift["fit"] = {"steps": 4, "rate": 1e30, "clip": None}

    edit(spoilt, SCALE, diverge)
    done = snakemake(spoilt, TARGET)
    assert done.returncode == 1
    assert "1 failed, and 3 that need one of them; the next run tries them again:" in done.stderr
    assert f"{CELL}/fit.json: step 1: loss nan" in done.stderr
    failed = result(spoilt, "reconstruction")
    assert (failed["status"], "expected finite" in failed["reason"]) == ("failed", True)
    tables = subprocess.run(
        [sys.executable, "-m", "benchmarks.tables.tables", "--scale", "demo"],
        cwd=spoilt,
        env=variables(spoilt),
        check=False,
    )
    assert tables.returncode == 0
    markdown = (spoilt / "results/tables.md").read_text(encoding="utf-8")
    assert "expected finite" in markdown
    before = files(spoilt)
    assert "fit" in planned(spoilt)  # nothing has changed, and still it is tried again
    assert files(spoilt) == before
    (spoilt / SCALE).write_text(original, encoding="utf-8")


def test_reading_commands_change_nothing(spoilt):
    cell = spoilt / CELL
    (cell / "notes.json").write_text("my notes", encoding="utf-8")
    (cell / "interpolation.json").write_text('{"half a', encoding="utf-8")
    before = files(spoilt)
    for arguments in (["-n", TARGET], ["--list"], ["--summary", TARGET]):
        assert snakemake(spoilt, *arguments).returncode == 0
    assert files(spoilt) == before
    done = snakemake(spoilt, f"{CELL}/interpolation.json")
    assert done.returncode == 0, done.stderr
    assert "interpolation.json: not JSON" in done.stderr
    assert (cell / "interpolation.json.damaged").read_text(encoding="utf-8") == '{"half a'
    assert (cell / "notes.json").read_text(encoding="utf-8") == "my notes"
    assert result(spoilt, "interpolation")["status"] == "ok"


def test_an_older_checkout_does_not_run_over_newer_results(spoilt):
    path = spoilt / TARGET
    newer = {**result(spoilt, "reconstruction"), "schema_version": 99}
    path.write_text(json.dumps(newer), encoding="utf-8")
    before = files(spoilt)
    done = snakemake(spoilt, TARGET)
    assert done.returncode == 1
    assert "it is of another version of this code" in done.stderr
    assert files(spoilt) == before


def test_what_is_missing_beside_the_jsons_is_made_again(spoilt):
    cell, before = spoilt / CELL, files(spoilt)
    shutil.rmtree(spoilt / "data")
    shutil.rmtree(cell / "functaset")
    for name in ("field.safetensors", "checkpoint.safetensors", "reconstruction.json"):
        (cell / name).unlink()
    done = snakemake(spoilt, TARGET)
    assert done.returncode == 0, done.stdout + done.stderr
    log = (cell / "logs/measure.log").read_text(encoding="utf-8")
    assert "manifest.json is missing: running benchmarks.stages.prepare again" in log
    assert "field.safetensors is missing: running benchmarks.stages.fit again" in log
    after = files(spoilt)
    for name in ("field.safetensors", "fit.json"):
        assert after[cell / name] == before[cell / name]
    assert planned(spoilt) == set()


def test_another_interpreter_runs_nothing_again(finished, tmp_path):
    other = tmp_path / "python"
    other.symlink_to(sys.executable)
    program = "import sys; sys.executable = sys.argv.pop(1); from snakemake.cli import main; main()"
    said = subprocess.run(
        [sys.executable, "-c", program, str(other), "--cores", "2", "-n", TARGET],
        cwd=finished,
        env=variables(finished),
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Nothing to be done" in said.stdout + said.stderr


def test_every_program_ends_with_snakemake(finished):
    """By its job, or by itself: the shell that Snakemake starts is replaced, and says who asks."""
    more = ("report.html", "data_report/report.md", "ablations/smoothness.csv")
    pictures = ("spectral_bias/spectral_bias.png", "image/single_signal/seed0/single_signal.json")
    embedded = ("embedded-images/comparison.md", "embedded-images/lift_relift.png")
    targets = [*more, *(f"demo/{name}" for name in (*pictures, *embedded))]
    said = snakemake(finished, "-n", "-p", "-F", *(f"results/{name}" for name in targets))
    shell = "Shell command: "
    commands = [line.partition(shell)[2] for line in said.stdout.splitlines() if shell in line]
    assert len(commands) >= len(targets), said.stderr
    for command in commands:
        alone = command.startswith("LIFT_REQUESTER=$PPID exec ")
        assert alone or (command.startswith("exec ") and "--parent $PPID" in command), command


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_snakemake_ends_its_jobs_and_frees_its_lock(spoilt, number):
    def train_long(scale):
        lift = scale["datasets"]["embedded-images"]["overrides"]["lift"]
        lift["fit"].update(steps=100_000)

    edit(spoilt, SCALE, train_long)
    log = spoilt / CELL / "logs/fit.log"
    log.unlink()
    running = subprocess.Popen(
        words(f"{CELL}/fit.json"), cwd=spoilt, env=variables(spoilt), stderr=subprocess.PIPE
    )
    until = time.monotonic() + 120
    while not log.exists() or "fit: lift on" not in log.read_text(encoding="utf-8"):
        assert time.monotonic() < until
        time.sleep(0.1)
    time.sleep(3)  # some steps
    running.send_signal(number)
    running.communicate(timeout=60)
    assert running.returncode not in (0, None)
    assert not (spoilt / CELL / "fit.json").exists()
    size = log.stat().st_size
    said = snakemake(spoilt, "-n", f"{CELL}/fit.json")
    assert "cannot be locked" not in said.stdout + said.stderr
    assert log.stat().st_size == size  # nobody trains any more
