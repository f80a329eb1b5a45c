"""Classification from its command line: a whole cell."""

import numpy as np
import pytest
from safetensors.torch import load_file

from benchmarks.datasets.dataset import open_prepared
from benchmarks.datasets.labels import labelled_splits
from benchmarks.records.confusion import read_confusion
from benchmarks.records.result import read_result
from benchmarks.settings.classification import LabelledSignals
from benchmarks.stages.classification import classify_pixels
from lift.functaset import open_functaset
from tests.benchmarks.stages.commands import IMAGES, edit
from tests.benchmarks.stages.conftest import SIGNALS

DATASET, cell = IMAGES.dataset, IMAGES.cell


def test_a_cell_reports_every_number_of_copies(classified):
    result = read_result(cell(classified) / "classification.json")
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
    for picture in ("classifier_curves.png", "copies.png"):
        assert (cell(classified) / picture).read_bytes()[:4] == b"\x89PNG"
    classes, counts = read_confusion(cell(classified))
    assert (len(classes), counts.sum()) == (12, 36)
    assert 100 * counts.trace() / counts.sum() == pytest.approx(result.value("top1", "test"))


def test_top1_is_the_mean_of_the_classes_that_have_equally_many_signals(classified):
    result = read_result(cell(classified) / "classification.json")
    classes = [m for m in result.metrics if m.name.startswith("accuracy of ")]
    assert [m.samples for m in classes] == [3] * 12
    assert np.mean([m.value for m in classes]) == pytest.approx(result.value("top1", "test"))


def opened(root):
    weights = read_result(cell(root) / "fit.json").artifacts["field.safetensors"]
    return open_functaset(cell(root) / "copies", weights)


def test_copies_are_in_half_precision_and_held_out_signals_are_not_changed(classified):
    functaset = opened(classified)
    assert {name: len(split["local"]) for name, split in functaset.splits.items()} == {
        "train": 2 * 48, "validation": 24, "test": 36
    }  # fmt: skip
    local = functaset.splits["train"]["local"]
    assert local.dtype == np.float16
    assert not np.array_equal(local[:48], local[48:])


def test_the_fused_latent_is_standardised_and_alone(classified_copy, monkeypatch):
    def fused(scale_config):
        overrides = scale_config["datasets"][DATASET]["classification"]["overrides"]
        overrides["lift"]["geometry"] = "fused"

    edit(classified_copy, fused)
    IMAGES.run(monkeypatch, classified_copy, "classify")
    network = load_file(cell(classified_copy) / "classifier_2.safetensors")
    local = opened(classified_copy).splits["train"]["local"]
    assert network["embed.weight"].shape[1] == local.shape[-1]


def test_validation_signals_are_not_trained_on(classified_copy):
    dataset = open_prepared(classified_copy / "data" / DATASET)
    splits = labelled_splits(dataset, LabelledSignals(**SIGNALS))
    assert {name: len(split) for name, split in splits.items()} == SIGNALS
    assert not set(splits["train"].chosen) & set(splits["validation"].chosen)


@pytest.mark.parametrize("method", ["vit4", "resnet50"])
def test_pixels_are_classified_without_a_field(classified_copy, monkeypatch, method):
    IMAGES.arguments(monkeypatch, classified_copy, method=method)
    classify_pixels.main()
    result = read_result(cell(classified_copy, method) / "classification.json")
    assert result.status == "ok"
    assert result.value("top1", "test") is not None
    assert result.value("classifier_parameters") > 0


def test_a_finished_training_is_not_done_again(classified_copy, monkeypatch):
    curve = cell(classified_copy) / "classifier_2_curve.csv"
    before = read_result(cell(classified_copy) / "classification.json")
    written = curve.read_bytes()  # with the seconds of its training: another would differ
    curve.unlink()
    IMAGES.run(monkeypatch, classified_copy, "classify")
    after = read_result(cell(classified_copy) / "classification.json")
    assert before.metrics == after.metrics
    assert curve.read_bytes() == written
