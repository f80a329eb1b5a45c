"""Classification from its command line: a whole cell, and everything that can be wrong with one."""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from benchmarks import config, workflow
from benchmarks.cell import resolve
from benchmarks.classification import resolve_classification
from benchmarks.classification_settings import LabelledSignals
from benchmarks.classifier_inputs import (
    EncodedOnTheFly,
    StoredLatents,
    augmentation_of,
    latent_scaling,
    split_labels,
)
from benchmarks.datasets.config import load_dataset_config
from benchmarks.datasets.dataset import DatasetError, open_prepared
from benchmarks.datasets.labels import labelled_splits
from benchmarks.datasets.loaders import load_raw
from benchmarks.datasets.store import prepare
from benchmarks.metrics.linear_probe import linear_probe
from benchmarks.results import read_result
from benchmarks.stages import classify, classify_pixels, encode_copies, fit
from benchmarks.stages.experiment import Experiment
from benchmarks.stages.stage import main
from lift.functaset import open_functaset

STAGES = {
    "fit": ("fit", fit.run),
    "encode_copies": ("encode_copies", encode_copies.run),
    "classify": ("classification", classify.run),
}
DATASET = "embedded-images"
SIGNALS = {"train": 48, "validation": 24, "test": 36}


def shrink(scale):
    data = scale["datasets"][DATASET]
    data.update(methods=["lift"], train=32, validation=4)
    data["fit"].update(batch=4, log_every=2, validate_every=4)
    data["overrides"]["lift"]["fit"]["steps"] = 4
    labelled = data["classification"]
    labelled.update(methods=["lift", "resnet50"], signals=dict(SIGNALS))
    labelled["training"].update(steps=4, batch=8, warmup=0, log_every=2, validate_every=4)
    labelled["overrides"] = {
        "lift": {"copies": [2, 1], "settings": {"width": 8, "depth": 1}},
        "resnet50": {"settings": {"width": 4, "depths": [1]}},
    }


@pytest.fixture(scope="module")
def pristine(tmp_path_factory):
    """A finished cell of four steps of each training; tests spoil copies of it."""
    root = tmp_path_factory.mktemp("cell")
    shutil.copytree(config.CONFIG, root / "config")
    edit(root, shrink)
    settings = load_dataset_config(DATASET)
    prepare(settings, load_raw(settings), root / "data" / DATASET)
    with pytest.MonkeyPatch.context() as patch:
        for name in STAGES:
            run(patch, root, name)
    return root


@pytest.fixture
def project(pristine, tmp_path, monkeypatch):
    shutil.copytree(pristine, tmp_path, dirs_exist_ok=True)
    point_at(monkeypatch, tmp_path)
    return tmp_path


def edit(root, change):
    path = root / "config" / "scale" / "demo.yaml"
    scale = yaml.safe_load(path.read_text())
    change(scale)
    path.write_text(yaml.safe_dump(scale))


def point_at(monkeypatch, root):
    monkeypatch.setattr(config, "CONFIG", root / "config")


def arguments(monkeypatch, root, method):
    point_at(monkeypatch, root)
    monkeypatch.setattr(sys, "argv", [
        *("x", "--profile", "demo", "--dataset", DATASET, "--method", method, "--device", "cpu"),
        *("--results", str(root / "results"), "--data", str(root / "data")),
    ])  # fmt: skip


def run(monkeypatch, root, name, method="lift"):
    arguments(monkeypatch, root, method)
    main(*STAGES[name], "")


def cell(root: Path, method: str = "lift") -> Path:
    return root / "results" / "demo" / DATASET / method / "seed0"


def failure(monkeypatch, root, name="classify") -> str:
    with pytest.raises(SystemExit) as stopped:
        run(monkeypatch, root, name)
    assert isinstance(stopped.value.code, str)
    assert "\n" not in stopped.value.code
    return stopped.value.code


def test_a_cell_reports_every_number_of_copies(pristine):
    result = read_result(cell(pristine) / "classification.json")
    measured = {(metric.name, metric.split) for metric in result.metrics}
    for name in ("top1", "top1_copies1", "top1_linear_probe"):
        assert {(name, "test"), (name, "validation")} <= measured
    assert result.value("copies", "train") == 2
    assert result.value("copies1", "train") == 1
    assert result.value("classifier_parameters") > 0
    assert result.value("classifier_macs") > 0
    assert result.value("encoding_seconds") > 0
    assert result.provenance.config["scan_backend"] == "loop"
    assert result.budget.signals == 4 * 8
    for picture in ("classifier_curves.png", "confusion.png", "copies.png"):
        assert (cell(pristine) / picture).read_bytes()[:4] == b"\x89PNG"


def test_top1_is_the_mean_of_the_classes_that_have_equally_many_signals(pristine):
    result = read_result(cell(pristine) / "classification.json")
    classes = [m for m in result.metrics if m.name.startswith("accuracy of ")]
    assert [m.samples for m in classes] == [3] * 12
    assert np.mean([m.value for m in classes]) == pytest.approx(result.value("top1", "test"))


def opened(root):
    weights = read_result(cell(root) / "fit.json").artifacts["field.safetensors"]
    return open_functaset(cell(root) / "copies", weights)


def test_copies_are_in_half_precision_and_held_out_signals_are_not_changed(pristine):
    functaset = opened(pristine)
    assert {name: len(split["local"]) for name, split in functaset.splits.items()} == {
        "train": 2 * 48, "validation": 24, "test": 36
    }  # fmt: skip
    local = functaset.splits["train"]["local"]
    assert local.dtype == np.float16
    assert not np.array_equal(local[:48], local[48:])


def test_encoding_on_the_fly_gives_what_is_stored(project):
    """The first epoch's changes are those of copy 1."""
    cell_config = resolve("demo", DATASET, "lift", 0)
    experiment = Experiment(cell_config, project / "results", project / "data", torch.device("cpu"))
    field, _ = experiment.trained_field()
    splits = labelled_splits(experiment.dataset, LabelledSignals(**SIGNALS))
    functaset = opened(project)
    stored = StoredLatents(functaset, split_labels(splits), 1, latent_scaling(functaset, None))
    change = augmentation_of(experiment.dataset, 48, 0)
    fly = EncodedOnTheFly(stored, splits["train"], change, field, 3)
    latent, labels = fly.training_batch(0, 8, seed=0)
    rows = np.random.default_rng((0, 0)).permutation(48)[:8]
    expected = stored.originals("train", 48 + rows)
    assert torch.equal(labels, stored.labels["train"][rows])
    for name, z in latent.items():
        assert torch.allclose(z, expected[name], atol=2e-2)


def test_validation_signals_are_not_trained_on(project):
    dataset = open_prepared(project / "data" / DATASET)
    splits = labelled_splits(dataset, LabelledSignals(**SIGNALS))
    assert {name: len(split) for name, split in splits.items()} == SIGNALS
    assert not set(splits["train"].chosen) & set(splits["validation"].chosen)


def test_pixels_are_classified_without_a_field(project, monkeypatch):
    arguments(monkeypatch, project, "resnet50")
    classify_pixels.main()
    result = read_result(cell(project, "resnet50") / "classification.json")
    assert result.status == "ok"
    assert result.value("top1", "test") is not None
    assert result.value("classifier_parameters") > 0


def test_a_finished_training_is_not_done_again(project, monkeypatch):
    curve = cell(project) / "classifier_2_curve.csv"
    before = read_result(cell(project) / "classification.json")
    curve.unlink()
    run(monkeypatch, project, "classify")
    after = read_result(cell(project) / "classification.json")
    assert before.metrics == after.metrics
    assert not curve.exists()


def test_copies_of_other_weights_are_refused(project, monkeypatch):
    path = cell(project) / "copies" / "functaset.json"
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps({**manifest, "field_sha256": "0" * 64}))
    assert "latents of another field" in failure(monkeypatch, project)


def test_copies_of_other_signals_are_refused(project, monkeypatch):
    def fewer(scale):
        scale["datasets"][DATASET]["classification"]["signals"]["train"] = 40

    edit(project, fewer)
    assert "encode the copies again" in failure(monkeypatch, project)


def test_too_few_copies_are_refused(project, monkeypatch):
    def more(scale):
        scale["datasets"][DATASET]["classification"]["overrides"]["lift"]["copies"] = [3]

    edit(project, more)
    assert "2 copies of signals" in failure(monkeypatch, project)


def test_labels_out_of_range_are_refused(project, monkeypatch):
    path = project / "data" / DATASET / "train.labels.npy"
    labels = np.load(path)
    labels[:] = 12
    np.save(path, labels)
    said = failure(monkeypatch, project, "encode_copies")
    assert "train: label 12 of signal 0, expected 0 to 11" in said


def test_a_split_without_a_class_is_refused(project, monkeypatch):
    path = project / "data" / DATASET / "test.labels.npy"
    labels = np.load(path)
    labels[labels == 3] = 2
    np.save(path, labels)
    assert "test: no signal of coffee among 36" in failure(monkeypatch, project, "encode_copies")


def test_data_without_labels_are_refused(project):
    dataset = open_prepared(project / "data" / DATASET)
    unlabelled = dataset.manifest.model_copy(update={"classes": ()})
    with pytest.raises(DatasetError, match="embedded-images: its signals have no labels"):
        labelled_splits(
            type(dataset)(unlabelled, dataset.domain, dataset.train, dataset.test),
            LabelledSignals(**SIGNALS),
        )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("demo", DATASET, "functa"), "is not classified by 'functa'; it is by lift, resnet50"),
        (("lite", "celeba64", "lift"), r"lite\.yaml: no classification of 'celeba64'"),
    ],
)
def test_an_unknown_classification_says_what_there_is(project, arguments, message):
    with pytest.raises(config.ConfigError, match=message):
        resolve_classification(*arguments)


def test_a_wrong_training_key_names_profile_method_and_key(project):
    def misspell(scale):
        scale["datasets"][DATASET]["classification"]["training"]["stpes"] = 3

    edit(project, misspell)
    with pytest.raises(config.ConfigError, match=r"embedded-images, lift, .*stpes"):
        resolve_classification("demo", DATASET, "lift")


def test_classification_settings_change_no_other_stage(project):
    class Wildcards:
        profile, dataset, method, seed = "demo", DATASET, "lift", "0"

    def longer(scale):
        scale["datasets"][DATASET]["classification"]["training"]["steps"] = 5

    def parameters():
        return [workflow.training_config(Wildcards), workflow.cell_config(Wildcards),
                workflow.copies_config(Wildcards)]  # fmt: skip

    before, classification = parameters(), workflow.classification_config(Wildcards)
    edit(project, longer)
    assert parameters() == before
    assert workflow.classification_config(Wildcards) != classification


def test_a_linear_probe_separates_what_a_hyperplane_can():
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 3
    signals = 0.1 * rng.standard_normal((60, 5)) + 2 * np.eye(5)[labels]
    (predicted,) = linear_probe(signals[:30], labels[:30], signals[30:])
    assert (predicted == labels[30:]).all()
