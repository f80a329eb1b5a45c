"""Small finished cells, each made once for all tests that look at it or spoil a copy of it."""

import shutil

import pytest

from tests.benchmarks.settings.configuration import only_lift
from tests.benchmarks.stages.commands import IMAGES, SHAPES, point_at

SIGNALS = {"train": 48, "validation": 24, "test": 36}


def few_shapes(scale):
    data = scale["datasets"][SHAPES.dataset]
    only_lift(data)
    data.update(train=16, validation=4)
    data.update(encode={"train": 6, "test": 6}, evaluate={"train": 4, "test": 5})
    data["fit"].update(batch=4, log_every=2, validate_every=2, snapshots=True)
    data["overrides"]["lift"]["fit"]["steps"] = 4


def few_images(scale):
    data = scale["datasets"][IMAGES.dataset]
    only_lift(data)
    data.update(train=32, validation=4)
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


@pytest.fixture(scope="session")
def encoded(tmp_path_factory):
    """LIFT on shapes: four training steps, encoded and reconstructed."""
    stages = ("fit", "encode", "reconstruct", "learning_curve")
    return SHAPES.finished(tmp_path_factory.mktemp("encoded"), few_shapes, stages)


@pytest.fixture
def encoded_copy(encoded, tmp_path, monkeypatch):
    shutil.copytree(encoded, tmp_path, dirs_exist_ok=True)
    point_at(monkeypatch, tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def classified(tmp_path_factory):
    """LIFT on images: four steps of each training, copies encoded and classified."""
    stages = ("fit", "encode_copies", "classify")
    return IMAGES.finished(tmp_path_factory.mktemp("classified"), few_images, stages)


@pytest.fixture
def classified_copy(classified, tmp_path, monkeypatch):
    shutil.copytree(classified, tmp_path, dirs_exist_ok=True)
    point_at(monkeypatch, tmp_path)
    return tmp_path
