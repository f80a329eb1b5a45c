"""What is wrong with a cell that cannot be classified is said in one line."""

import json

import numpy as np
import pytest

from benchmarks import config, workflow
from benchmarks.classification import resolve_classification
from benchmarks.classification_settings import LabelledSignals
from benchmarks.datasets.dataset import DatasetError, open_prepared
from benchmarks.datasets.labels import labelled_splits
from tests.benchmarks.stages.classify_cell import (
    DATASET,
    SIGNALS,
    cell,
    edit,
    failure,
)


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
