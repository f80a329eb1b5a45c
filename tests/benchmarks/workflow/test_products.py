"""What a program reads besides JSONs is looked at before it runs."""

import pytest
import torch

from benchmarks.datasets.raw import Raw, RawSplit
from benchmarks.datasets.store import prepare
from benchmarks.records.provenance import sha256
from benchmarks.records.result import Result, read_result, write_result
from benchmarks.workflow.products import missing_artifact, missing_data
from benchmarks.workflow.programs import _again
from lift.functaset import MANIFEST, write_functaset
from tests.benchmarks.datasets.tiny import config, noise


def cut(path):
    path.write_bytes(path.read_bytes()[:-7])


def empty(path):
    path.write_bytes(b"")


def remove(path):
    path.unlink()


@pytest.fixture
def encoded(tmp_path):
    """The JSON of an encoding, beside its latents."""
    latents = [{"global": torch.ones(4, 8)}]
    write_functaset(tmp_path / "functaset", {"train": (4, latents)}, "the weights")
    path = tmp_path / "encode.json"
    artifacts = {f"functaset/{MANIFEST}": sha256(tmp_path / "functaset" / MANIFEST)}
    names = {"scale": "demo", "dataset": "d", "method": "m", "seed": 0}
    write_result(path, Result(stage="encode", **names, status="ok", artifacts=artifacts))
    return path


@pytest.mark.parametrize("damage", [cut, empty, remove])
def test_latents_that_cannot_be_read_are_named(encoded, damage):
    assert missing_artifact(encoded) == ""
    damage(encoded.parent / "functaset" / "train.global.npy")
    assert "train.global.npy: " in missing_artifact(encoded)


@pytest.mark.parametrize("damage", [cut, empty, remove])
@pytest.mark.parametrize("name", ["train.npy", "test.npy", "manifest.json"])
def test_prepared_data_that_cannot_be_read_is_named(tmp_path, damage, name):
    images = RawSplit.of(noise(3, 32))
    prepare(config("cifar10"), Raw(images, images, "rule", sources={}), tmp_path)
    assert missing_data(tmp_path) == ""
    damage(tmp_path / name)
    assert name in missing_data(tmp_path)


MAKER = """
import sys
from pathlib import Path
Path(sys.argv[1]).write_text(Path(sys.argv[2]).read_text(encoding="utf-8"), encoding="utf-8")
"""


@pytest.mark.parametrize("before", [None, '{"half a', "whole"])
def test_what_made_a_file_again_leaves_its_result_whole(encoded, monkeypatch, before):
    """Whatever stood there; one that says the same of its files stays as it was."""
    folder, path = encoded.parent, encoded.parent / "again.json"
    again = read_result(encoded).model_copy(update={"reason": "made again"})
    write_result(folder / "new.json", again)
    if before:
        content = encoded.read_text(encoding="utf-8") if before == "whole" else before
        path.write_text(content, encoding="utf-8")
    (folder / "maker.py").write_text(MAKER, encoding="utf-8")
    monkeypatch.syspath_prepend(folder)
    _again("maker", [str(path), str(folder / "new.json")], path, 1)
    assert read_result(path).reason == ("" if before == "whole" else "made again")
