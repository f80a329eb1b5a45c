"""What is wrong with a cell that cannot be classified is said in one line."""

import json

import numpy as np
import pytest

from benchmarks.datasets.dataset import open_prepared
from benchmarks.datasets.errors import DatasetError
from benchmarks.datasets.labels import labelled_splits
from benchmarks.settings.classification import LabelledSignals
from benchmarks.settings.reading import ConfigError
from benchmarks.stages.classification.settings import resolve_classification
from benchmarks.stages.settings import resolve_all
from benchmarks.workflow import triggers as workflow
from tests.benchmarks.stages.commands import IMAGES, edit
from tests.benchmarks.stages.conftest import SIGNALS

DATASET, cell, failure = IMAGES.dataset, IMAGES.cell, IMAGES.failure


def test_copies_of_other_weights_are_refused(classified_copy, monkeypatch):
    path = cell(classified_copy) / "copies" / "functaset.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**manifest, "field_sha256": "0" * 64}), encoding="utf-8")
    assert "latents of another field" in failure(monkeypatch, classified_copy, "classify")


def test_copies_of_other_signals_are_refused(classified_copy, monkeypatch):
    def fewer(scale_config):
        scale_config["datasets"][DATASET]["classification"]["signals"]["train"] = 40

    edit(classified_copy, fewer)
    assert "encode the copies again" in failure(monkeypatch, classified_copy, "classify")


def test_too_few_copies_are_refused(classified_copy, monkeypatch):
    def more(scale_config):
        scale_config["datasets"][DATASET]["classification"]["overrides"]["lift"]["copies"] = [3]

    edit(classified_copy, more)
    assert "2 copies of signals" in failure(monkeypatch, classified_copy, "classify")


def test_labels_out_of_range_are_refused(classified_copy, monkeypatch):
    path = classified_copy / "data" / DATASET / "train.labels.npy"
    labels = np.load(path)
    labels[:] = 12
    np.save(path, labels)
    said = failure(monkeypatch, classified_copy, "encode_copies")
    assert "train: label 12 of signal 0, expected 0 to 11" in said


def test_a_split_without_a_class_is_refused(classified_copy, monkeypatch):
    path = classified_copy / "data" / DATASET / "test.labels.npy"
    labels = np.load(path)
    labels[labels == 3] = 2
    np.save(path, labels)
    assert "test: no signal of coffee among 36" in failure(
        monkeypatch, classified_copy, "encode_copies"
    )


def test_data_without_labels_are_refused(classified_copy):
    dataset = open_prepared(classified_copy / "data" / DATASET)
    unlabelled = dataset.manifest.model_copy(update={"classes": ()})
    with pytest.raises(DatasetError, match="embedded-images: its signals have no labels"):
        labelled_splits(
            type(dataset)(unlabelled, dataset.domain, dataset.train, dataset.test),
            LabelledSignals(**SIGNALS),
        )


def test_only_one_grid_is_mixed(classified_copy, monkeypatch):
    def mixed(scale_config):
        overrides = scale_config["datasets"][DATASET]["classification"]["overrides"]
        overrides["lift"]["mix"] = True

    edit(classified_copy, mixed)
    said = failure(monkeypatch, classified_copy, "classify")
    assert "classification.overrides.lift.mix: true with {'global'" in said


def test_a_head_is_checked_on_the_latents_that_it_is_given(classified_copy):
    def transformer(geometry):
        def change(scale_config):
            classification = scale_config["datasets"][DATASET]["classification"]
            sizes = {"width": 16, "depth": 1, "heads": 2, "mlp_ratio": 2.0, "dropout": 0.0}
            classification["overrides"]["lift"] |= {
                "head": "transformer", "settings": sizes, "geometry": geometry
            }  # fmt: skip

        return change

    edit(classified_copy, transformer("fused"))
    assert resolve_all("demo", DATASET, "lift", 0, classified_copy / "results").classification
    edit(classified_copy, transformer("scales"))
    with pytest.raises(ConfigError, match="expected one grid"):
        resolve_all("demo", DATASET, "lift", 0, classified_copy / "results")


@pytest.mark.parametrize(
    ("divide_by", "message"),
    [
        (None, r"geometry: 'fused' for a Functa; expected 'scales'"),
        (0.08, r"divide_by: 0\.08, geometry: fused; expected null"),
    ],
)
def test_only_lifts_latents_are_fused_and_they_are_standardised(
    classified_copy, divide_by, message
):
    def fused(scale_config):
        scale_config["datasets"][DATASET]["methods"].append("functa")
        classification = scale_config["datasets"][DATASET]["classification"]
        classification["methods"] = ["functa"]
        classification["overrides"] = {"functa": {"geometry": "fused", "divide_by": divide_by}}

    edit(classified_copy, fused)
    with pytest.raises(ConfigError, match=message):
        resolve_all("demo", DATASET, "functa", 0, classified_copy / "results")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("demo", DATASET, "functa"), "is not classified by 'functa'; it is by lift, resnet50"),
        (("lite", "celeba64", "lift"), r"lite\.yaml: no classification of 'celeba64'"),
    ],
)
def test_an_unknown_classification_says_what_there_is(classified_copy, arguments, message):
    with pytest.raises(ConfigError, match=message):
        resolve_classification(*arguments)


def test_a_wrong_training_key_names_scale_method_and_key(classified_copy):
    def misspell(scale_config):
        scale_config["datasets"][DATASET]["classification"]["training"]["stpes"] = 3

    edit(classified_copy, misspell)
    with pytest.raises(ConfigError, match=r"demo\.yaml: datasets\..*\.training\.stpes"):
        resolve_classification("demo", DATASET, "lift")


def test_classification_settings_change_no_other_stage(classified_copy):
    class Wildcards:
        scale, dataset, method, seed = "demo", DATASET, "lift", "0"

    def longer(scale_config):
        scale_config["datasets"][DATASET]["classification"]["training"]["steps"] = 5

    def parameters():
        return [workflow.training_config(Wildcards), workflow.cell_config(Wildcards),
                workflow.copies_config(Wildcards)]  # fmt: skip

    before, classification = parameters(), workflow.classification_config(Wildcards)
    edit(classified_copy, longer)
    assert parameters() == before
    assert workflow.classification_config(Wildcards) != classification
