import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from benchmarks.datasets.errors import DatasetError
from benchmarks.datasets.raw import Raw, RawSplit
from benchmarks.datasets.statistics import statistics
from benchmarks.datasets.store import prepare
from benchmarks.figures.contact_sheet import contact_sheet
from benchmarks.stages.data_report import describe

from .tiny import blobs, config, noise, open_prepared, prepared


def test_a_prepared_data_set_gets_statistics_and_a_contact_sheet(tmp_path):
    prepared(config("embedded-images"), tmp_path / "data" / "embedded-images")
    state, section = describe("embedded-images", tmp_path / "data", tmp_path)
    assert state == "prepared"
    assert "960 train, 192 test" in section
    assert "12, with 80 train and 16 test signals each" in section
    assert "![embedded-images](embedded-images.png)" in section
    with Image.open(tmp_path / "embedded-images.png") as sheet:
        assert sheet.width == 12 * 66


def test_statistics_count_what_is_doubtful(tmp_path):
    grids = blobs(5, 8)
    grids[1] = 0
    grids[3] = grids[2]
    raw = Raw(RawSplit.of(grids[:4]), RawSplit.of(grids[2:]), "rule")
    prepare(config("embedded-voxels", 8), raw, tmp_path)
    lines = dict(statistics(open_prepared(tmp_path)))
    assert lines["empty shapes"] == "1"
    assert lines["test signals that are also training signals"] == "2"
    assert lines["distinct training signals"] == "3"


@pytest.mark.parametrize("name", ["celeba64", "celebahq64"])
def test_no_face_is_ever_drawn(tmp_path, name):
    images = noise(4, 64)
    prepare(
        config(name),
        Raw(RawSplit.of(images), RawSplit.of(images), "rule"),
        tmp_path / "data" / name,
    )
    _, section = describe(name, tmp_path / "data", tmp_path)
    assert "Its terms forbid pictures" in section
    assert not list(tmp_path.glob("*.png"))
    with pytest.raises(DatasetError, match="terms forbid pictures"):
        contact_sheet(open_prepared(tmp_path / "data" / name), tmp_path / "faces.png")


def test_a_missing_data_set_says_what_to_put_where(tmp_path, monkeypatch):
    monkeypatch.setenv("LIFT_DATA", str(tmp_path))
    state, section = describe("celebahq64", tmp_path / "data", tmp_path)
    assert state == "missing"
    assert "$LIFT_DATA/celebahq: nothing, expected a folder or zip with the 30000" in section
    state, section = describe("embedded-voxels", tmp_path / "data", tmp_path)
    assert state == "not prepared"
    assert "python -m benchmarks.stages.prepare --dataset embedded-voxels" in section


def test_a_damaged_data_set_is_said_to_be_damaged(tmp_path):
    folder = tmp_path / "data" / "embedded-voxels"
    prepared(config("embedded-voxels"), folder)
    np.save(folder / "train.npy", np.zeros(3, np.uint8))
    state, section = describe("embedded-voxels", tmp_path / "data", tmp_path)
    assert state == "damaged"
    assert "train.npy: uint8 (3,), expected uint8 (320, 4096)" in section


def test_the_command_writes_one_page_about_all_data_sets(tmp_path):
    command = [sys.executable, "-m", "benchmarks.stages.data_report"]
    command += ["--data", str(tmp_path / "data"), "--out", str(tmp_path / "out")]
    environment = {"LIFT_DATA": str(tmp_path), "PATH": ""}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    page = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    assert done.stdout.strip().endswith("report.md")
    assert "| cifar10         | missing      |" in page
    assert "## ShapeNet 64³ (`shapenet64`)" in page
