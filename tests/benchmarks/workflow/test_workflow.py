"""The workflow for real, on a tiny budget, stage by stage: what runs, and what runs again."""

import re
from pathlib import Path

import pytest

from benchmarks.records.result import result_path
from benchmarks.settings.method import image_classifiers
from benchmarks.tables.published import load_published
from benchmarks.workflow.plan import Plan
from tests.benchmarks.workflow.commands import CELL, ROOT, edit, planned, result, snakemake


def test_every_row_of_the_tables_is_counted():
    planned = Plan("demo").results()
    for table in load_published().tables.values():
        counted = any(column.stage == "cost" for column in table.columns.values())
        for row in table.rows:
            if counted and row.method and row.method not in image_classifiers():
                dataset = row.dataset or table.dataset
                cost = result_path(Path("results"), "published", dataset, row.method, 0, "cost")
                assert str(cost) in planned, f"{table.title}, {row.title}"


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
        ("lift/siren.py", "\nEXTRA = 1\n", {"fit", "measure"}),
        ("benchmarks/figures/reconstruction.py", "\nEXTRA = 1\n", {"measure"}),
        ("benchmarks/datasets/sources/embedded_images.py", "\nEXTRA = 1\n", {"prepare"}),
        ("lift/siren.py", "\n# only a comment\n", set()),
        ("baselines/functa.py", "\nEXTRA = 1\n", set()),
    ],
)
def test_changed_code_runs_again_exactly_what_depends_on_it(finished, name, source, rules):
    path = finished / name
    original = path.read_text(encoding="utf-8")
    path.write_text(original + source, encoding="utf-8")
    try:
        again = planned(finished)
    finally:
        path.write_text(original, encoding="utf-8")
    # Whatever follows a rule that runs again may run again too.
    assert rules <= again if rules else not again
    if rules == {"measure"}:
        assert again == rules


def test_changed_configuration_runs_again_what_depends_on_it(finished):
    name = "config/scales/demo.yaml"
    original = (finished / name).read_text(encoding="utf-8")

    def evaluate_less(scale_config):
        scale_config["datasets"]["embedded-images"]["evaluate"]["test"] = 3

    def train_longer(scale_config):
        scale_config["datasets"]["embedded-images"]["overrides"]["lift"]["fit"]["steps"] = 5

    try:
        edit(finished, name, evaluate_less)
        assert planned(finished) == {"measure"}
        edit(finished, name, train_longer)
        assert planned(finished) == {"fit", "measure"}
    finally:
        (finished / name).write_text(original, encoding="utf-8")
    assert planned(finished) == set()


def test_a_rule_with_many_gpus_starts_its_jobs_with_them_and_runs_nothing_again(finished):
    name = "config/resources.yaml"
    original = (finished / name).read_text(encoding="utf-8")
    target = f"{CELL}/generation.json"
    try:
        edit(finished, name, lambda rules: rules["generate"].update(gpus=4))
        said = snakemake(finished, target, "--dry-run", "--printshellcmds")
        edit(finished, name, lambda rules: rules["fit"].update(gpus=4))
        assert planned(finished) == set()
    finally:
        (finished / name).write_text(original, encoding="utf-8")
    assert said.stdout.count("--gpus 4 -- benchmarks.stages.generation.generate ") == 1, said


def test_a_cluster_is_asked_for_more_cpus_than_the_submitting_run_has(finished):
    name = "config/resources.yaml"
    original = (finished / name).read_text(encoding="utf-8")
    cluster = ("--configfile", "profiles/slurm/cluster.yaml")
    try:
        edit(finished, name, lambda rules: rules["generate"].update(gpus=4))
        said = snakemake(finished, f"{CELL}/generation.json", "--dry-run", *cluster)
    finally:
        (finished / name).write_text(original, encoding="utf-8")
    assert re.findall(r" gpu=4,.* cpus_per_task=(\d+)", said.stdout) == ["4"], said


def test_settings_of_generation_run_nothing_of_stage_one_again(finished):
    name = "config/scales/demo.yaml"
    original = (finished / name).read_text(encoding="utf-8")

    def sample_more(scale_config):
        scale_config["datasets"]["embedded-images"]["generation"]["samples"] = 5

    try:
        edit(finished, name, sample_more)
        assert planned(finished) == set()
        assert planned(finished, f"{CELL}/generation.json") == {"generate"}
    finally:
        (finished / name).write_text(original, encoding="utf-8")


@pytest.mark.parametrize("scale", ["demo", "lite", "paper"])
def test_every_scale_plans_its_tables(scale):
    said = snakemake(ROOT, "results/tables.md", "--dry-run", "--config", f"scale={scale}")
    assert said.returncode == 0, said.stdout + said.stderr
