"""TensorBoard's events, read back by TensorBoard itself: they show what the files show."""

import sys

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from benchmarks.figures.curves import read_curve
from lift import events
from lift.checkpoint import load_metadata, load_tensors
from lift.progress import write_curve
from tests.benchmarks.stages.commands import SHAPES

cell, run = SHAPES.cell, SHAPES.run


@pytest.fixture
def asked_for(monkeypatch):
    monkeypatch.setenv(events.VARIABLE, "1")
    events._summary_writer.cache_clear()
    yield
    events._summary_writer.cache_clear()


def read(folder):
    found = EventAccumulator(str(folder))
    found.Reload()
    return found


def scalars(folder, name):
    return [(event.step, event.value) for event in read(folder).Scalars(name)]


@pytest.mark.usefixtures("asked_for")
def test_events_hold_the_curve_and_change_no_training(encoded, encoded_copy, monkeypatch):
    (cell(encoded_copy) / "checkpoint.safetensors").unlink()
    run(monkeypatch, encoded_copy, "fit")
    folder = cell(encoded_copy) / "tensorboard" / "curve"
    rows = read_curve(cell(encoded_copy) / "curve.csv")
    for name in ("loss", "train_psnr", "validation_psnr"):
        assert scalars(folder, name) == [(row["step"], pytest.approx(row[name])) for row in rows]
    weights = [cell(root) / "field.safetensors" for root in (encoded, encoded_copy)]
    without, with_events = (load_tensors(path)[0] for path in weights)
    assert all(tensor.equal(with_events[name]) for name, tensor in without.items())
    states = [load_metadata(path)["identity"] for path in weights]
    assert states[0] == states[1]


@pytest.mark.usefixtures("asked_for")
def test_a_training_that_went_on_has_every_step_once(tmp_path):
    rows = [{"step": n, "signals": 4 * n, "seconds": float(n), "loss": 1 / n} for n in (1, 2, 3)]
    write_curve(tmp_path / "curve.csv", rows)
    again = [*rows[:2], rows[2] | {"loss": 0.5}, {**rows[2], "step": 4}]
    write_curve(tmp_path / "curve.csv", again)
    found = scalars(tmp_path / "tensorboard" / "curve", "loss")
    assert found == [(1, 1.0), (2, 0.5), (3, 0.5), (4, pytest.approx(1 / 3))]


@pytest.mark.usefixtures("asked_for")
def test_events_hold_the_sheets(encoded_copy, monkeypatch):
    run(monkeypatch, encoded_copy, "reconstruct")
    found = read(cell(encoded_copy) / "tensorboard" / "reconstruction").Images("reconstruction")
    assert [image.step for image in found] == [1]
    assert found[0].width > found[0].height > 100


def test_nothing_is_written_by_default(encoded):
    assert not (cell(encoded) / "tensorboard").exists()


@pytest.mark.usefixtures("asked_for")
def test_a_missing_package_is_one_line_and_the_training_goes_on(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    rows = [{"step": 1, "signals": 4, "seconds": 1.0, "loss": 0.5}]
    for name in ("curve", "denoiser_curve"):
        write_curve(tmp_path / f"{name}.csv", rows)
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("LIFT_TENSORBOARD: the package tensorboard is missing")
    assert "pip install" in line
    assert {path.name for path in tmp_path.iterdir()} == {"curve.csv", "denoiser_curve.csv"}
