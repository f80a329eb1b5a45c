"""``fit.labels`` from the configuration to a share of test signals that are classified rightly."""

import json

import pytest

from benchmarks.records.provenance import code_digest
from benchmarks.records.result import read_result
from benchmarks.settings.reading import ConfigError
from benchmarks.stages.settings import resolve_all
from lift.checkpoint import load_metadata, load_tensors
from tests.benchmarks.stages.commands import IMAGES, SHAPES, edit
from tests.benchmarks.stages.conftest import few_images

HEAD = {"width": 8, "hidden_layers": 1, "dropout": 0.0}


def with_labels(few, dataset, **changes):
    def shrink(scale):
        few(scale)
        labels = {"weight": 1.0e-3, "head": "mlp", "settings": HEAD, **changes}
        scale["datasets"][dataset]["fit"]["labels"] = labels

    return shrink


def test_a_field_is_trained_with_its_classifier_and_test_signals_are_classified(tmp_path):
    shrink = with_labels(few_images, IMAGES.dataset)
    root = IMAGES.finished(tmp_path, shrink, ("fit", "encode", "reconstruct"))
    weights, _ = load_tensors(IMAGES.cell(root) / "field.safetensors")
    assert weights["classifier.head.layers.0.weight"].shape[0] == 8
    parts = ("lift.model", "baselines.classifiers")
    fitted = read_result(IMAGES.cell(root) / "fit.json").provenance
    assert fitted.code_digest == code_digest("benchmarks.stages.fit", *parts)
    trained = code_digest("lift.meta.training", *parts, "benchmarks.datasets.splits")
    assert load_metadata(IMAGES.cell(root) / "checkpoint.safetensors")["code"] == trained
    result = read_result(IMAGES.cell(root) / "reconstruction.json")
    count = next(m.samples for m in result.metrics if m.name == "psnr" and m.split == "test")
    right = result.value("meta_top1", "test") * count / 100
    assert right == pytest.approx(round(right), abs=1e-4)
    assert 0 <= right <= count


def test_signals_without_classes_are_refused(tmp_path, monkeypatch, encoded_copy):
    edit(encoded_copy, with_labels(lambda scale: None, SHAPES.dataset))
    manifest = encoded_copy / "data" / SHAPES.dataset / "manifest.json"
    described = json.loads(manifest.read_text(encoding="utf-8"))
    manifest.write_text(json.dumps({**described, "classes": []}), encoding="utf-8")
    said = SHAPES.failure(monkeypatch, encoded_copy, "fit")
    assert said.endswith(f"fit.labels: signals of {SHAPES.dataset} have no classes")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"head": "mlpx"}, "head: 'mlpx' is unknown"),
        ({"settings": {**HEAD, "width": 0}}, r"fit\.labels\.settings\.width"),
        ({"settings": {"width": 8}}, r"fit\.labels\.settings"),
        ({"weight": 0}, r"fit\.labels\.weight"),
    ],
)
def test_wrong_settings_are_refused_before_training(classified_copy, changes, said):
    edit(classified_copy, with_labels(lambda scale: None, IMAGES.dataset, **changes))
    with pytest.raises(ConfigError, match=said):
        resolve_all("demo", IMAGES.dataset, "lift", 0)
