"""The workflow for real, on a tiny budget: what runs, what runs again, what a failure leaves."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from benchmarks.records.result import result_path
from benchmarks.settings.method import image_classifiers
from benchmarks.tables.published import load_published
from benchmarks.workflow.graph import Plan

ROOT = Path(__file__).resolve().parents[3]
CELL = "results/demo/embedded-images/lift/seed0"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy of the project whose demo is one cell of four training steps."""
    copy = tmp_path_factory.mktemp("project")
    for name in ("lift", "baselines", "benchmarks", "config"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "Snakefile", copy)
    edit(copy, "config/scales/demo.yaml", shrink)
    return copy


def shrink(scale_config):
    scale_config["datasets"] = {"embedded-images": scale_config["datasets"]["embedded-images"]}
    scale_config["tables"] = dict.fromkeys(scale_config["tables"], "embedded-images")
    data = scale_config["datasets"]["embedded-images"]
    data.update(methods=["lift"], train=32, validation=4)
    data.update(encode={"train": 6, "test": 5}, evaluate={"train": 4, "test": 4})
    data["fit"].update(batch=4, log_every=2, validate_every=4)
    data["overrides"]["lift"]["fit"]["steps"] = 4


def edit(project, name, change):
    path = project / name
    content = yaml.safe_load(path.read_text())
    change(content)
    path.write_text(yaml.safe_dump(content))


def test_every_row_of_the_tables_is_counted():
    planned = Plan("demo").results()
    for table in load_published().tables.values():
        counted = any(column.stage == "cost" for column in table.columns.values())
        for row in table.rows:
            if counted and row.method and row.method not in image_classifiers():
                dataset = row.dataset or table.dataset
                cost = result_path(Path("results"), "published", dataset, row.method, 0, "cost")
                assert str(cost) in planned, f"{table.title}, {row.title}"


def snakemake(project, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "2", *arguments],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(project), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def planned(project, target=f"{CELL}/reconstruction.json"):
    """The rules that a dry run would run."""
    said = snakemake(project, target, "--dry-run")
    assert said.returncode == 0, said.stdout + said.stderr
    counts = re.findall(r"^(\w+) +\d+$", said.stdout + said.stderr, re.MULTILINE)
    return set(counts) - {"total"}


def result(project, stage):
    return json.loads((project / CELL / f"{stage}.json").read_text())


@pytest.fixture(scope="module")
def finished(project):
    done = snakemake(project, f"{CELL}/reconstruction.json")
    assert done.returncode == 0, done.stdout + done.stderr
    return project


def test_a_single_experiment_runs_by_its_path(finished):
    written = result(finished, "reconstruction")
    assert written["status"] == "ok"
    measured = {(metric["name"], metric["split"]) for metric in written["metrics"]}
    assert {("psnr", "train"), ("psnr", "test"), ("mse", "test")} <= measured
    provenance = written["provenance"]
    assert provenance["device"].startswith("cpu")
    assert provenance["peak_memory_bytes"] > 0
    assert written["budget"]["signals"] == 16
    for picture in ("curve.png", "reconstruction.png"):
        assert (finished / CELL / picture).read_bytes()[:4] == b"\x89PNG"


def test_what_is_done_is_not_done_again(finished):
    assert planned(finished) == set()


@pytest.mark.parametrize(
    ("name", "source", "rules"),
    [
        ("lift/siren.py", "\nEXTRA = 1\n", {"fit", "encode", "reconstruct"}),
        ("benchmarks/figures/reconstruction.py", "\nEXTRA = 1\n", {"reconstruct"}),
        ("benchmarks/datasets/sources/embedded_images.py", "\nEXTRA = 1\n", {"prepare"}),
        ("lift/siren.py", "\n# only a comment\n", set()),
        ("baselines/functa.py", "\nEXTRA = 1\n", set()),
    ],
)
def test_changed_code_runs_again_exactly_what_depends_on_it(finished, name, source, rules):
    path = finished / name
    original = path.read_text()
    path.write_text(original + source)
    try:
        again = planned(finished)
    finally:
        path.write_text(original)
    # Whatever follows a rule that runs again may run again too.
    assert rules <= again if rules else not again
    if rules == {"reconstruct"}:
        assert again == rules


def test_changed_configuration_runs_again_what_depends_on_it(finished):
    name = "config/scales/demo.yaml"
    original = (finished / name).read_text()

    def evaluate_less(scale_config):
        scale_config["datasets"]["embedded-images"]["evaluate"]["test"] = 3

    def train_longer(scale_config):
        scale_config["datasets"]["embedded-images"]["overrides"]["lift"]["fit"]["steps"] = 5

    try:
        edit(finished, name, evaluate_less)
        assert planned(finished) == {"encode", "reconstruct"}
        edit(finished, name, train_longer)
        assert planned(finished) == {"fit", "encode", "reconstruct"}
    finally:
        (finished / name).write_text(original)
    assert planned(finished) == set()


def test_settings_of_generation_run_nothing_of_stage_one_again(finished):
    name = "config/scales/demo.yaml"
    original = (finished / name).read_text()

    def sample_more(scale_config):
        scale_config["datasets"]["embedded-images"]["generation"]["samples"] = 5

    try:
        edit(finished, name, sample_more)
        assert planned(finished) == set()
        assert planned(finished, f"{CELL}/generation.json") == {"generate"}
    finally:
        (finished / name).write_text(original)


def test_a_failed_cell_shows_its_reason_in_the_tables_and_is_tried_again(finished):
    name = "config/scales/demo.yaml"
    original = (finished / name).read_text()

    def diverge(scale_config):
        lift = scale_config["datasets"]["embedded-images"]["overrides"]["lift"]
        lift["fit"] = {"steps": 4, "rate": 1e30, "clip": None}

    try:
        edit(finished, name, diverge)
        done = snakemake(finished, f"{CELL}/reconstruction.json")
        assert done.returncode == 0, done.stdout + done.stderr
        failed = result(finished, "reconstruction")
        assert failed["status"] == "failed"
        assert "expected finite" in failed["reason"]
        tables = subprocess.run(
            [sys.executable, "-m", "benchmarks.tables.tables", "--scale", "demo"],
            cwd=finished,
            env={**os.environ, "PYTHONPATH": str(finished)},
            check=False,
        )
        assert tables.returncode == 0
        markdown = (finished / "results/tables.md").read_text()
        assert "failed" in markdown
        assert "expected finite" in markdown
        assert "fit" in planned(finished)
    finally:
        (finished / name).write_text(original)


@pytest.mark.parametrize("scale", ["demo", "lite", "paper"])
def test_every_profile_plans_its_tables(scale):
    said = snakemake(ROOT, "results/tables.md", "--dry-run", "--config", f"scale={scale}")
    assert said.returncode == 0, said.stdout + said.stderr
