"""A method, a data set and a scale from outside, by Snakemake to a row of the tables."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml

from benchmarks import cli
from benchmarks.records.result import Result, result_path, write_result
from benchmarks.settings import folders
from benchmarks.settings.method import load_methods
from tests.benchmarks.workflow.outside import write_folder

ROOT = Path(__file__).resolve().parents[3]
CELL = "results/mine/noise/plane/seed0"


def training() -> str:
    """Four steps of the training that LIFT's file has, in a line of YAML."""
    path = ROOT / "config" / "methods" / "lift.yaml"
    lift = yaml.safe_load(path.read_text(encoding="utf-8"))
    fit = {**lift["settings"]["cifar10"]["fit"], "batch": 4, "steps": 4, "rate": 1e-3}
    return yaml.safe_dump(fit, default_flow_style=True, width=1000).strip()


def snakemake(project, folder, *arguments):
    program = [sys.executable, "-m", "snakemake", "--cores", "2", *arguments]
    return subprocess.run(
        [*program, "--config", "scale=mine", f"include={folder}"],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(project), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def planned(project, folder, target="results/tables.md"):
    """The rules that a dry run would run."""
    said = snakemake(project, folder, target, "--dry-run")
    assert said.returncode == 0, said.stdout + said.stderr
    counts = re.findall(r"^(\w+) +\d+$", said.stdout + said.stderr, re.MULTILINE)
    return set(counts) - {"total"}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A copy of the project and the folder beside it, after one run; no other costs are counted."""
    project = tmp_path_factory.mktemp("project")
    for name in ("lift", "baselines", "benchmarks", "config"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, project / name, ignore=ignored)
    shutil.copy(ROOT / "Snakefile", project)
    for name, method in load_methods().items():
        for dataset in method.settings:
            for row in (name, *method.variants):
                path = result_path(project / "results", "published", dataset, row, 0, "cost")
                cost = Result(
                    stage="cost", scale="published", dataset=dataset, method=row, seed=0,
                    status="ok",
                )  # fmt: skip
                write_result(path, cost)
    folder = write_folder(tmp_path_factory.mktemp("mine"), training())
    done = snakemake(project, folder, "results/tables.md")
    assert done.returncode == 0, done.stdout + done.stderr
    return project, folder


def test_an_outside_method_gets_its_row_and_its_budget(finished):
    project, _ = finished
    measured = json.loads((project / CELL / "reconstruction.json").read_text(encoding="utf-8"))
    assert measured["status"] == "ok", measured["reason"]
    assert measured["budget"] == {"signals": 16, "published_signals": None}
    tables = (project / "results" / "tables.md").read_text(encoding="utf-8")
    section = tables.split("## CIFAR-10")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| Plane")]
    assert rows[0].rstrip(" |").endswith("16 signals")
    cells = pd.read_csv(project / "results" / "tables" / "cifar10.csv").query("row == 'Plane'")
    ours = cells.set_index("column")["ours"]
    psnr = next(m for m in measured["metrics"] if (m["name"], m["split"]) == ("psnr", "test"))
    assert ours["psnr"] == pytest.approx(psnr["value"])
    assert ours["macs"] == pytest.approx(64 * 8 * 5 / 1e9)
    assert "| Plane, Noise" in tables.split("## What one signal costs")[1]


def test_a_wrong_method_beside_it_fails_alone_and_runs_nothing_again(finished):
    project, folder = finished
    wrong, scale = folder / "methods" / "wrong.yaml", folder / "scales" / "mine.yaml"
    text = scale.read_text(encoding="utf-8")
    wrong.write_text(
        "method: wrong\ntitle: Wrong\nfield: plane:Plane\nsettings: {noise: {}}\n", encoding="utf-8"
    )
    scale.write_text(text.replace("[plane]", "[plane, wrong]"), encoding="utf-8")
    try:
        before = (project / CELL / "fit.json").stat().st_mtime_ns
        target = CELL.replace("plane", "wrong") + "/fit.json"
        done = snakemake(project, folder, target, f"{CELL}/reconstruction.json")
        assert (project / CELL / "fit.json").stat().st_mtime_ns == before
        failed = json.loads((project / target).read_text(encoding="utf-8"))
        assert failed["status"] == "failed", done.stderr
        assert "wrong.yaml: settings.noise." in failed["reason"]
    finally:
        scale.write_text(text, encoding="utf-8")
        wrong.unlink()


def test_its_own_code_runs_its_cell_again(finished):
    project, folder = finished
    layers = folder / "layers.py"
    original = layers.read_text(encoding="utf-8")
    layers.write_text(original + "EXTRA = 1\n", encoding="utf-8")
    try:
        assert "cell_noise_plane_0" in planned(project, folder, f"{CELL}/fit.json")
    finally:
        layers.write_text(original, encoding="utf-8")


@pytest.fixture
def lift(finished, monkeypatch, capsys):
    """Runs the command in the copy of the project; gives its exit code and what it printed."""
    project, folder = finished
    monkeypatch.chdir(project)
    monkeypatch.setattr(folders, "ROOT", project)
    monkeypatch.setenv("PYTHONPATH", str(project))
    monkeypatch.setenv(folders.VARIABLE, str(folder))

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["lift", *arguments])
        with pytest.raises(SystemExit) as left:
            cli.main()
        return left.value.code or 0, capsys.readouterr().out

    return run


def test_the_stored_weights_give_the_stored_numbers(finished, lift):
    code, said = lift("verify", "mine/noise/plane")
    assert (code, "DIFFERS" in said) == (0, False), said
    path = finished[0] / CELL / "reconstruction.json"
    original = path.read_text(encoding="utf-8")
    changed = json.loads(original)
    changed["metrics"][0]["value"] *= 1.1
    path.write_text(json.dumps(changed), encoding="utf-8")
    try:
        assert lift("verify", "mine/noise/plane")[0] == 1
    finally:
        path.write_text(original, encoding="utf-8")


def test_a_trial_runs_under_another_name(finished, lift):
    project, _ = finished
    configured = (project / CELL / "fit.json").read_bytes()
    changes = ("--set", "fit.steps=2", "--name", "short", "--cores", "2")
    code, said = lift("run", "mine/noise/plane", "fit", *changes)
    assert code == 0, said
    path = project / CELL.replace("plane", "plane+short") / "fit.json"
    trial = json.loads(path.read_text(encoding="utf-8"))
    assert (trial["status"], trial["budget"]["signals"]) == ("ok", 8)
    assert (project / CELL / "fit.json").read_bytes() == configured
    code, said = lift("plan", "mine/noise/plane+short")
    assert code == 0
    assert "Missing output files" in said
    assert "fit " not in said
