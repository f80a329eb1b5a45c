"""Stages from their command line: a whole cell, and everything that can be wrong with one."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.datasets.dataset import open_prepared
from benchmarks.datasets.splits import fitting_splits
from benchmarks.records.result import Result, read_result, write_result
from benchmarks.tables.learning_curves import curve_result, read_learning_curve
from lift.checkpoint import load_tensors, save_tensors
from lift.functaset import open_functaset
from tests.benchmarks.stages.commands import SHAPES

DATASET, cell, run, failure = SHAPES.dataset, SHAPES.cell, SHAPES.run, SHAPES.failure


def test_voxels_are_measured_on_both_domains_and_splits(encoded):
    result = read_result(cell(encoded) / "reconstruction.json")
    names = {"psnr", "mse", "iou", "accuracy"}
    names |= {
        "chamfer",
        "psnr_near_surface",
        "mse_near_surface",
        "accuracy_near_surface",
        "psnr_std",
    }
    per_split = {(name, split) for name in names for split in ("train", "test")}
    assert {(m.name, m.split) for m in result.metrics} == {*per_split, ("latent_floats", "none")}
    assert result.value("latent_floats", "none") == 64 + 4**3 * 32 + 8**3 * 16
    # After four steps most shapes have no surface yet, and no Chamfer distance.
    tested = [m for m in result.metrics if m.split == "test" and m.name != "chamfer"]
    assert {m.samples for m in tested} == {5}
    assert all(m.value is not None for m in result.metrics if m.name != "chamfer")
    assert (cell(encoded) / "reconstruction.png").stat().st_size < 300_000


def test_the_learning_curve_ends_where_the_reconstructions_are_measured(encoded):
    curve = read_learning_curve(cell(encoded) / "learning_curve.csv")
    assert curve.step.tolist() == [2, 4]
    assert curve.signals.tolist() == [8, 16]
    measured = read_result(cell(encoded) / "reconstruction.json").value("psnr", "test")
    assert curve.test_psnr.iloc[-1] == pytest.approx(measured, abs=1e-3)
    assert curve.test_psnr.iloc[0] != pytest.approx(measured, abs=1e-3)


def test_the_learning_curve_keeps_every_signals_psnr(encoded):
    each = np.load(cell(encoded) / "learning_curve.npy")
    curve = read_learning_curve(cell(encoded) / "learning_curve.csv")
    assert "learning_curve.npy" in read_result(cell(encoded) / "learning_curve.json").artifacts
    assert each.shape == (2, 5)
    np.testing.assert_allclose(each.mean(1), curve.test_psnr, atol=1e-4)


def test_the_result_of_a_learning_curve_names_its_file_and_weights(encoded_copy):
    path = cell(encoded_copy) / "learning_curve.json"
    result = curve_result(path)
    weights = read_result(path.with_name("fit.json")).artifacts["field.safetensors"]
    assert result.provenance.config["weights"] == weights
    with path.with_suffix(".csv").open("a", encoding="utf-8") as file:
        file.write("9,9,9,99\n")
    assert curve_result(path) == "learning_curve.csv is not the file that learning_curve.json names"


def test_weights_on_the_way_must_belong_to_this_training(encoded_copy, monkeypatch):
    path = cell(encoded_copy) / "snapshots" / "2.safetensors"
    tensors, _ = load_tensors(path)
    save_tensors(path, tensors, {"identity": "another"})
    assert "weights of another training" in failure(monkeypatch, encoded_copy, "learning_curve")


def test_weights_on_the_way_that_are_gone_say_how_they_come_back(encoded_copy, monkeypatch):
    (cell(encoded_copy) / "snapshots" / "2.safetensors").unlink()
    said = failure(monkeypatch, encoded_copy, "learning_curve")
    assert "2.safetensors: no such file, expected the weights of step 2; move checkpoint" in said


@pytest.mark.parametrize(
    ("argument", "value"),
    [("seed", "-1"), ("seed", str(2**64)), ("threads", "-1"), ("threads", "100000")],
)
def test_a_number_that_nothing_takes_is_refused(encoded_copy, monkeypatch, capsys, argument, value):
    with pytest.raises(SystemExit) as stopped:
        run(monkeypatch, encoded_copy, "encode", f"--{argument}={value}")
    assert stopped.value.code == 2
    assert f"--{argument}: '{value}', expected a whole number from 0 to" in capsys.readouterr().err


def test_the_functaset_holds_what_was_encoded(encoded):
    weights = read_result(cell(encoded) / "fit.json").artifacts["field.safetensors"]
    functaset = open_functaset(cell(encoded) / "functaset", weights)
    assert {name: len(next(iter(split.values()))) for name, split in functaset.splits.items()} == {
        "train": 6,
        "test": 6,
    }


def test_a_result_says_where_it_comes_from(encoded):
    path = cell(encoded) / "fit.json"
    provenance = read_result(path).provenance
    assert provenance is not None
    assert provenance.finished is not None
    assert abs(provenance.finished.timestamp() - path.stat().st_mtime) < 60
    assert provenance.config["training"]["fit"]["steps"] == 4
    assert provenance.packages["torch"] == torch.__version__
    assert provenance.wall_seconds > 0
    assert provenance.code_digest


def test_the_same_seed_gives_the_same_numbers(encoded_copy, encoded, monkeypatch):
    shutil.rmtree(encoded_copy / "results")
    for name in ("fit", "encode", "reconstruct"):
        run(monkeypatch, encoded_copy, name)
    one, other = (
        read_result(cell(root) / "reconstruction.json") for root in (encoded, encoded_copy)
    )
    assert one.metrics == other.metrics


def test_validation_signals_are_not_trained_on(encoded):
    dataset = open_prepared(encoded / "data" / DATASET)
    train, validation = fitting_splits(dataset, 16, 4)
    assert (len(train), len(validation)) == (16, 4)
    seen = {signal.tobytes() for signal in train.batch(np.arange(16)).numpy()}
    assert not seen & {signal.tobytes() for signal in validation.batch(np.arange(4)).numpy()}
    with pytest.raises(ValueError, match=r"320 training signals, expected at least 318 .* and 4"):
        fitting_splits(dataset, 318, 4)


def test_other_weights_are_refused(encoded_copy, monkeypatch):
    path = cell(encoded_copy) / "field.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    assert "field.safetensors: SHA-256" in failure(monkeypatch, encoded_copy, "encode")


def test_missing_weights_are_refused(encoded_copy, monkeypatch):
    (cell(encoded_copy) / "field.safetensors").unlink()
    assert "SHA-256 nothing, expected" in failure(monkeypatch, encoded_copy, "encode")


def test_a_stage_before_its_upstream_says_so(encoded_copy, monkeypatch):
    (cell(encoded_copy) / "fit.json").unlink()
    assert "fit.json: no such result; run its stage first" in failure(
        monkeypatch, encoded_copy, "encode"
    )


def test_the_reason_of_a_failed_upstream_is_passed_on(encoded_copy, monkeypatch):
    failed = Result(
        stage="fit", scale="demo", dataset=DATASET, method="lift", seed=0,
        status="failed", reason="step 7: loss nan",
    )  # fmt: skip
    write_result(cell(encoded_copy) / "fit.json", failed)
    assert "fit failed: step 7: loss nan" in failure(monkeypatch, encoded_copy, "encode")


def test_a_damaged_result_is_one_clear_error(encoded_copy, monkeypatch):
    path = cell(encoded_copy) / "fit.json"
    path.write_text(path.read_text(encoding="utf-8")[:50], encoding="utf-8")
    assert "fit.json: not JSON" in failure(monkeypatch, encoded_copy, "encode")
    content = json.loads((cell(encoded_copy) / "encode.json").read_text(encoding="utf-8"))
    path.write_text(json.dumps({**content, "metrcis": []}), encoding="utf-8")
    assert "not a result of this version (metrcis" in failure(monkeypatch, encoded_copy, "encode")


def test_a_functaset_of_other_weights_is_refused(encoded_copy, monkeypatch):
    path = cell(encoded_copy) / "functaset" / "functaset.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**manifest, "field_sha256": "0" * 64}), encoding="utf-8")
    (cell(encoded_copy) / "reconstruction.json").unlink()
    assert "latents of another field" in failure(monkeypatch, encoded_copy, "reconstruct")
    assert not (cell(encoded_copy) / "reconstruction.json").exists()


@pytest.mark.parametrize("damage", ["missing", "truncated"])
def test_damaged_data_stop_before_training(encoded_copy, monkeypatch, damage):
    path = encoded_copy / "data" / DATASET / "train.npy"
    path.unlink() if damage == "missing" else path.write_bytes(path.read_bytes()[:-9])
    shutil.rmtree(encoded_copy / "results")
    assert "train.npy" in failure(monkeypatch, encoded_copy, "fit")
    assert [path.name for path in cell(encoded_copy).iterdir()] == [".fit.lock"]


def test_data_that_were_never_prepared_say_so(encoded_copy, monkeypatch):
    shutil.rmtree(encoded_copy / "data")
    assert "manifest.json: no such file" in failure(monkeypatch, encoded_copy, "fit")


def test_cuda_is_not_pretended(encoded_copy, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert "no CUDA device is visible" in failure(
        monkeypatch, encoded_copy, "fit", "--device", "cuda"
    )


def test_a_full_disk_leaves_the_old_result(encoded_copy, monkeypatch):
    before = (cell(encoded_copy) / "reconstruction.json").read_bytes()

    def no_space(self, *_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", no_space)
    said = failure(monkeypatch, encoded_copy, "reconstruct")
    assert "reconstruction.json could not be written: No space left on device" in said
    assert (cell(encoded_copy) / "reconstruction.json").read_bytes() == before
    assert not list(cell(encoded_copy).glob(".*unfinished*"))
