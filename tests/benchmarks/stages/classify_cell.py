"""A small cell that is trained, encoded and classified, for tests."""

import shutil
import sys
from pathlib import Path

import pytest
import yaml

from benchmarks import config
from benchmarks.datasets.config import load_dataset_config
from benchmarks.datasets.loaders import load_raw
from benchmarks.datasets.store import prepare
from benchmarks.stages import classify, encode_copies, fit
from benchmarks.stages.stage import main

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
    labelled.update(methods=["lift", "resnet50", "vit4"], signals=dict(SIGNALS))
    labelled["training"].update(steps=4, batch=8, warmup=0, log_every=2, validate_every=4)
    labelled["overrides"] = {
        "lift": {"copies": [2, 1], "settings": {"width": 8, "depth": 1}},
        "resnet50": {"settings": {"width": 4, "depths": [1]}},
        "vit4": {"settings": {"width": 8, "depth": 1, "heads": 2}},
    }


def finished_cell(root: Path) -> Path:
    """Trains, encodes and classifies in four steps each."""
    shutil.copytree(config.CONFIG, root / "config")
    edit(root, shrink)
    settings = load_dataset_config(DATASET)
    prepare(settings, load_raw(settings), root / "data" / DATASET)
    with pytest.MonkeyPatch.context() as patch:
        for name in STAGES:
            run(patch, root, name)
    return root


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
