"""A number says where its training's settings are not those that are configured now."""

import pytest

from benchmarks.records.result import read_result
from benchmarks.settings.cell import resolve
from benchmarks.settings.scale import load_scale
from benchmarks.tables.configured import changed, sentences
from benchmarks.tables.tables import everything
from benchmarks.tables.time_to_quality import reached
from tests.benchmarks.tables.results_tree import provenance, psnr, write

CELL = ("lite", "cifar10", "lift")
PLACE = {"scale": "lite", "method": "lift"}


def trained(**fit):
    """The cell's training as configured but for ``fit``, None for what is not recorded."""
    training = resolve(*CELL, seed=0).training.model_dump(mode="json")
    settings = training["fit"] | fit
    training["fit"] = {name: value for name, value in settings.items() if value is not None}
    return provenance({"training": training})


@pytest.mark.parametrize(
    ("fit", "said"),
    [
        ({}, ""),
        ({"validate_every": 1, "log_every": 1, "snapshots": True}, ""),
        ({"agreement": None}, ""),  # its default, as old results do not record it
        ({"rate": 0.5}, "fit.rate 0.5, now {fit.rate}"),
        (
            {"order": "low-memory", "rate": 0.5, "batch": 3},
            "fit.batch 3, now {fit.batch}; fit.rate 0.5, now {fit.rate}; 1 more",
        ),
    ],
)
def test_only_settings_that_change_weights_count(tmp_path, fit, said):
    now = resolve(*CELL, seed=0).training.fit
    result = read_result(write(tmp_path, "cifar10", [], recorded=trained(**fit), **PLACE))
    whole = f"trained with other settings than configured ({said.format(fit=now)})"
    assert changed(result, tmp_path) == (whole if said else "")


def test_a_result_that_records_nothing_or_has_no_cell_any_more_says_nothing(tmp_path):
    assert changed(read_result(write(tmp_path, "cifar10", [], **PLACE)), tmp_path) == ""
    gone = write(tmp_path, "cifar10", [], scale="gone", recorded=trained(rate=0.5))
    assert changed(read_result(gone), tmp_path) == ""


def test_methods_that_differ_alike_are_said_together():
    assert list(sentences({"A": "x", "B": "y", "C": "x"})) == ["A, C: x.", "B: y."]


def test_tables_have_a_footnote_on_numbers_of_other_settings(tmp_path):
    write(tmp_path, "cifar10", psnr(31.2), recorded=trained(rate=0.5), **PLACE)
    sections, frames = everything(tmp_path, load_scale("lite"))
    table = next(section for section in sections if section.name == "cifar10")
    note = "trained with other settings than configured (fit.rate 0.5, now"
    assert any(line.startswith(note) for line in table.footnotes)
    cells = frames["cifar10"]
    assert cells.note.str.startswith(note).equals(cells.ours.notna())


def test_a_time_says_that_its_training_had_other_settings(tmp_path):
    path = write(tmp_path, "cifar10", [], stage="fit", recorded=trained(rate=0.5), **PLACE)
    names = "step,signals,seconds,loss,train_psnr,rate,gradient_norm,validation_psnr"
    path.with_name("curve.csv").write_text(f"{names}\n1,2,3,4,30,0,0,30\n", encoding="utf-8")
    assert "fit.rate 0.5" in reached(tmp_path, load_scale("lite"))[0].changed
