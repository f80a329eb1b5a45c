"""What a rule's outcome depends on changes with every file that it reads."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmarks.metrics.inception import VARIABLE
from benchmarks.records.provenance import code_digest
from benchmarks.settings.scale import load_scale
from benchmarks.settings.trial import write_trial
from benchmarks.stages.search import csv_path, load_search
from benchmarks.workflow import triggers
from benchmarks.workflow.plan import Plan


@pytest.mark.parametrize(
    "name",
    [
        "results/ablations/smoothness.csv",
        str(csv_path(Path("results"), load_search())),
        "results/budget/cifar10/lift/seed1/learning_curve.csv",
        "results/budget/cifar10/lift/seed0/learning_curve.json",
    ],
)
def test_tables_depend_on_files_beside_results(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    Path(name).parent.mkdir(parents=True)
    before = triggers.read_beside("budget")
    assert {
        "config/ablations.yaml",
        "config/search.yaml",
        "config/methods/lift.yaml",
    } <= before.keys()
    Path(name).write_text("1", encoding="utf-8")
    first = triggers.read_beside("budget")
    Path(name).write_text("2", encoding="utf-8")
    assert first.keys() - before.keys() == {name}
    assert triggers.read_beside("budget") != first


def test_tables_do_not_depend_on_what_they_write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = triggers.read_beside("budget")
    Path("results/budget/tables").mkdir(parents=True)
    Path("results/budget/tables/search.csv").write_text("1", encoding="utf-8")
    assert triggers.read_beside("budget") == before


@pytest.mark.parametrize("stage", ["reconstruction", "generation"])
def test_images_are_measured_again_where_inception_is_named(monkeypatch, stage):
    wildcards = SimpleNamespace(scale="demo", dataset="embedded-images", method="lift", seed="0")
    monkeypatch.delenv(VARIABLE, raising=False)
    config, trained = triggers.SETTINGS[stage](wildcards), triggers.training_config(wildcards)
    monkeypatch.setenv(VARIABLE, "weights.pth")
    assert triggers.SETTINGS[stage](wildcards) != config
    assert triggers.training_config(wildcards) == trained


def test_a_comparison_asks_for_every_seed():
    asked = Plan("budget").learning_curves(SimpleNamespace(scale="budget", dataset="cifar10"))
    assert "results/budget/cifar10/functa/seed2/learning_curve.json" in asked
    assert len(asked) == 3 * len(load_scale("budget").datasets["cifar10"].methods)


def test_a_comparison_reads_its_own_scales_curves():
    asked = SimpleNamespace(scale="budget", dataset="cifar10")
    assert Plan("lite").learning_curves(asked) == Plan("budget").learning_curves(asked)


def test_tables_of_a_scale_that_keeps_weights_ask_for_its_learning_curves():
    assert "results/budget/cifar10/lift/seed0/learning_curve.json" in Plan("budget").results()
    assert not any("learning_curve" in path for path in Plan("demo").results())


def test_a_field_depends_on_the_code_of_its_classifier_as_its_result_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    head = {"width": 8, "hidden_layers": 1, "dropout": 0.0}
    labels = {"weight": 1e-3, "head": "mlp", "settings": head}
    write_trial("budget", "cifar10", "lift+named", {"fit": {"labels": labels}}, Path("results"))
    cell = {"scale": "budget", "dataset": "cifar10", "seed": "0"}
    modules = ("benchmarks.stages.fit", "lift.model", "baselines.classifiers")
    named = triggers.stage_digest("fit")(SimpleNamespace(**cell, method="lift+named"))
    assert named == code_digest(*modules)
    assert triggers.stage_digest("fit")(SimpleNamespace(**cell, method="lift")) == code_digest(
        *modules[:2]
    )
