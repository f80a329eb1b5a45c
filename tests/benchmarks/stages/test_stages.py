"""Stages from their command line: a whole cell, and everything that can be wrong with one."""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from benchmarks import config
from benchmarks.datasets.config import load_dataset_config
from benchmarks.datasets.dataset import open_prepared
from benchmarks.datasets.loaders import load_raw
from benchmarks.datasets.splits import fitting_splits
from benchmarks.datasets.store import prepare
from benchmarks.report.comparison import read_learning_curve
from benchmarks.results import Result, read_result, write_result
from benchmarks.stages import encode, fit, learning_curve, reconstruct
from benchmarks.stages.stage import main
from lift.checkpoint import load_tensors, save_tensors
from lift.functaset import open_functaset

STAGES = {
    "fit": ("fit", fit.run),
    "encode": ("encode", encode.run),
    "reconstruct": ("reconstruction", reconstruct.run),
    "learning_curve": ("learning_curve", learning_curve.run),
}
DATASET = "embedded-voxels"


def shrink(scale):
    data = scale["datasets"][DATASET]
    data.update(methods=["lift"], train=16, validation=4)
    data.update(encode={"train": 6, "test": 6}, evaluate={"train": 4, "test": 5})
    data["fit"].update(batch=4, log_every=2, validate_every=2, snapshots=True)
    data["overrides"]["lift"]["fit"]["steps"] = 4


@pytest.fixture(scope="module")
def pristine(tmp_path_factory):
    """A finished cell of four training steps; tests spoil copies of it."""
    root = tmp_path_factory.mktemp("cell")
    shutil.copytree(config.CONFIG, root / "config")
    path = root / "config" / "scale" / "demo.yaml"
    scale = yaml.safe_load(path.read_text())
    shrink(scale)
    path.write_text(yaml.safe_dump(scale))
    settings = load_dataset_config(DATASET)
    prepare(settings, load_raw(settings), root / "data" / DATASET)
    with pytest.MonkeyPatch.context() as patch:
        for name in STAGES:
            run(patch, root, name)
    return root


@pytest.fixture
def project(pristine, tmp_path):
    shutil.copytree(pristine, tmp_path, dirs_exist_ok=True)
    return tmp_path


def run(monkeypatch, root, name, *arguments):
    monkeypatch.setattr(config, "CONFIG", root / "config")
    monkeypatch.setattr(sys, "argv", [
        *(name, "--profile", "demo", "--dataset", DATASET, "--method", "lift", "--device", "cpu"),
        *("--results", str(root / "results"), "--data", str(root / "data"), *arguments),
    ])  # fmt: skip
    main(*STAGES[name], "")


def cell(root: Path) -> Path:
    return root / "results" / "demo" / DATASET / "lift" / "seed0"


def failure(monkeypatch, root, name, *arguments) -> str:
    """What a stage says when it stops; the exit code of a message is 1."""
    with pytest.raises(SystemExit) as stopped:
        run(monkeypatch, root, name, *arguments)
    assert isinstance(stopped.value.code, str)
    assert "\n" not in stopped.value.code
    return stopped.value.code


def test_voxels_are_measured_on_both_domains_and_splits(pristine):
    result = read_result(cell(pristine) / "reconstruction.json")
    names = {"psnr", "mse", "iou", "accuracy"}
    names |= {
        "chamfer",
        "psnr_near_surface",
        "mse_near_surface",
        "accuracy_near_surface",
        "psnr_std",
    }
    assert {(m.name, m.split) for m in result.metrics} == {
        (name, split) for name in names for split in ("train", "test")
    }
    assert {m.samples for m in result.metrics if m.split == "test"} == {5}
    assert all(m.value is not None for m in result.metrics)
    assert (cell(pristine) / "reconstruction.png").stat().st_size < 300_000


def test_the_learning_curve_ends_where_the_reconstructions_are_measured(pristine):
    curve = read_learning_curve(cell(pristine) / "learning_curve.csv")
    assert curve.step.tolist() == [2, 4]
    assert curve.signals.tolist() == [8, 16]
    measured = read_result(cell(pristine) / "reconstruction.json").value("psnr", "test")
    assert curve.test_psnr.iloc[-1] == pytest.approx(measured, abs=1e-3)
    assert curve.test_psnr.iloc[0] != pytest.approx(measured, abs=1e-3)


def test_weights_on_the_way_must_belong_to_this_training(project, monkeypatch):
    path = cell(project) / "snapshots" / "2.safetensors"
    tensors, _ = load_tensors(path)
    save_tensors(path, tensors, {"identity": "another"})
    assert "weights of another training" in failure(monkeypatch, project, "learning_curve")


def test_the_functaset_holds_what_was_encoded(pristine):
    weights = read_result(cell(pristine) / "fit.json").artifacts["field.safetensors"]
    functaset = open_functaset(cell(pristine) / "functaset", weights)
    assert {name: len(next(iter(split.values()))) for name, split in functaset.splits.items()} == {
        "train": 6,
        "test": 6,
    }


def test_a_result_says_where_it_comes_from(pristine):
    provenance = read_result(cell(pristine) / "fit.json").provenance
    assert provenance is not None
    assert provenance.config["training"]["fit"]["steps"] == 4
    assert provenance.packages["torch"] == torch.__version__
    assert provenance.wall_seconds > 0
    assert provenance.code_digest


def test_the_same_seed_gives_the_same_numbers(project, pristine, monkeypatch):
    shutil.rmtree(project / "results")
    for name in STAGES:
        run(monkeypatch, project, name)
    one, other = (read_result(cell(root) / "reconstruction.json") for root in (pristine, project))
    assert one.metrics == other.metrics


def test_validation_signals_are_not_trained_on(pristine):
    dataset = open_prepared(pristine / "data" / DATASET)
    train, validation = fitting_splits(dataset, 16, 4)
    assert (len(train), len(validation)) == (16, 4)
    seen = {signal.tobytes() for signal in train.batch(np.arange(16)).numpy()}
    assert not seen & {signal.tobytes() for signal in validation.batch(np.arange(4)).numpy()}
    with pytest.raises(ValueError, match=r"320 training signals, expected at least 318 .* and 4"):
        fitting_splits(dataset, 318, 4)


def test_other_weights_are_refused(project, monkeypatch):
    path = cell(project) / "field.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    assert "field.safetensors: SHA-256" in failure(monkeypatch, project, "encode")


def test_missing_weights_are_refused(project, monkeypatch):
    (cell(project) / "field.safetensors").unlink()
    assert "SHA-256 nothing, expected" in failure(monkeypatch, project, "encode")


def test_a_stage_before_its_upstream_says_so(project, monkeypatch):
    (cell(project) / "fit.json").unlink()
    assert "fit.json: no such result; run its stage first" in failure(
        monkeypatch, project, "encode"
    )


def test_the_reason_of_a_failed_upstream_is_passed_on(project, monkeypatch):
    failed = Result(
        stage="fit", profile="demo", dataset=DATASET, method="lift", seed=0,
        status="failed", reason="step 7: loss nan",
    )  # fmt: skip
    write_result(cell(project) / "fit.json", failed)
    assert "fit failed: step 7: loss nan" in failure(monkeypatch, project, "encode")


def test_a_damaged_result_is_one_clear_error(project, monkeypatch):
    path = cell(project) / "fit.json"
    path.write_text(path.read_text()[:50])
    assert "fit.json: not JSON" in failure(monkeypatch, project, "encode")
    content = json.loads((cell(project) / "encode.json").read_text())
    path.write_text(json.dumps({**content, "metrcis": []}))
    assert "not a result of this version (metrcis" in failure(monkeypatch, project, "encode")


def test_a_functaset_of_other_weights_is_refused(project, monkeypatch):
    path = cell(project) / "functaset" / "functaset.json"
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps({**manifest, "field_sha256": "0" * 64}))
    (cell(project) / "reconstruction.json").unlink()
    assert "latents of another field" in failure(monkeypatch, project, "reconstruct")
    assert not (cell(project) / "reconstruction.json").exists()


@pytest.mark.parametrize("damage", ["missing", "truncated"])
def test_damaged_data_stop_before_training(project, monkeypatch, damage):
    path = project / "data" / DATASET / "train.npy"
    path.unlink() if damage == "missing" else path.write_bytes(path.read_bytes()[:-9])
    shutil.rmtree(project / "results")
    assert "train.npy" in failure(monkeypatch, project, "fit")
    assert not (project / "results").exists()


def test_data_that_were_never_prepared_say_so(project, monkeypatch):
    shutil.rmtree(project / "data")
    assert "manifest.json: no such file" in failure(monkeypatch, project, "fit")


def test_cuda_is_not_pretended(project, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert "no CUDA device is visible" in failure(monkeypatch, project, "fit", "--device", "cuda")


def test_a_full_disk_leaves_the_old_result(project, monkeypatch):
    before = (cell(project) / "reconstruction.json").read_bytes()

    def no_space(self, *_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", no_space)
    said = failure(monkeypatch, project, "reconstruct")
    assert "reconstruction.json could not be written: No space left on device" in said
    assert (cell(project) / "reconstruction.json").read_bytes() == before
    assert not list(cell(project).glob(".*unfinished*"))
