"""Runs the stages of a small cell of the demo from their command lines, for tests."""

import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from benchmarks.datasets.loaders import load_raw
from benchmarks.datasets.store import prepare
from benchmarks.settings import folders
from benchmarks.settings.dataset import load_dataset_config
from benchmarks.stages import encode, fit, interpolate, learning_curve, reconstruct
from benchmarks.stages.classification import classify, encode_copies
from benchmarks.stages.generation import generate
from benchmarks.stages.stage import main

STAGES = {
    "fit": ("fit", fit.run, fit.training),
    "encode": ("encode", encode.run),
    "reconstruct": ("reconstruction", reconstruct.run),
    "learning_curve": ("learning_curve", learning_curve.run),
    "generate": ("generation", generate.run, generate.training),
    "interpolate": ("interpolation", interpolate.run),
    "encode_copies": ("encode_copies", encode_copies.run),
    "classify": ("classification", classify.run, classify.training),
}


def edit(root: Path, change: Callable[[dict], None]) -> None:
    """Changes the demo scale of a project."""
    path = root / "config" / "scales" / "demo.yaml"
    scale_config = yaml.safe_load(path.read_text(encoding="utf-8"))
    change(scale_config)
    path.write_text(yaml.safe_dump(scale_config), encoding="utf-8")


def point_at(monkeypatch, root: Path) -> None:
    """Configuration comes from the project below ``root``."""
    monkeypatch.setattr(folders, "CONFIG", root / "config")


@dataclass(frozen=True)
class Commands:
    """The stages of one data set's cells, in projects below any ``root``."""

    dataset: str

    def cell(self, root: Path, method: str = "lift") -> Path:
        return root / "results" / "demo" / self.dataset / method / "seed0"

    def arguments(self, monkeypatch, root: Path, *more: str, method: str = "lift") -> None:
        point_at(monkeypatch, root)
        monkeypatch.setattr(sys, "argv", [
            *("x", "--scale", "demo", "--dataset", self.dataset, "--method", method),
            *("--results", str(root / "results"), "--data", str(root / "data")),
            *("--device", "cpu", *more),
        ])  # fmt: skip

    def run(self, monkeypatch, root: Path, stage: str, *more: str) -> None:
        self.arguments(monkeypatch, root, *more)
        name, work, *training = STAGES[stage]
        main(name, work, "", *training)

    def failure(self, monkeypatch, root: Path, stage: str, *more: str) -> str:
        """What a stage says when it stops: one line; the exit code of a message is 1."""
        with pytest.raises(SystemExit) as stopped:
            self.run(monkeypatch, root, stage, *more)
        assert isinstance(stopped.value.code, str)
        assert "\n" not in stopped.value.code
        return stopped.value.code

    def change_lift(self, root: Path, part: str, **settings: object) -> None:
        """Changes settings of LIFT's ``field`` or ``fit`` in a project's demo scale."""

        def change(scale: dict) -> None:
            scale["datasets"][self.dataset]["overrides"]["lift"][part].update(settings)

        edit(root, change)

    def finished(self, root: Path, shrink: Callable[[dict], None], stages: Sequence[str]) -> Path:
        """A project whose cell has been through ``stages``."""
        shutil.copytree(folders.CONFIG, root / "config")
        edit(root, shrink)
        settings = load_dataset_config(self.dataset)
        prepare(settings, load_raw(settings), root / "data" / self.dataset)
        with pytest.MonkeyPatch.context() as patch:
            for stage in stages:
                self.run(patch, root, stage)
        return root


IMAGES = Commands("embedded-images")
SHAPES = Commands("embedded-voxels")
