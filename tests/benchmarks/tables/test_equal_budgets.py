"""Equal budgets are read off test curves, between measurements and never beyond them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.settings.reading import ConfigError
from benchmarks.settings.scale import load_scale
from benchmarks.tables.equal_budgets import (
    about,
    at,
    compare,
    figure,
    grid,
    markdown,
    sections,
)
from benchmarks.tables.learning_curves import latent_floats, read_learning_curve
from tests.benchmarks.tables.results_tree import leave_learning_curve

SLOW = pd.DataFrame({"signals": [10, 100], "seconds": [10.0, 100.0], "test_psnr": [20.0, 24.0]})
FAST = pd.DataFrame(
    {"signals": [10, 100, 1000], "seconds": [1.0, 10.0, 100.0], "test_psnr": [18.0, 22.0, 30.0]}
)

FLOATS = {"slow": 1600, "fast": 512, "late": 64}


def test_psnr_between_measurements_is_linear_in_the_logarithm_of_the_budget():
    assert at(FAST, "signals", 100) == pytest.approx(22.0)
    assert at(FAST, "signals", np.sqrt(100 * 1000)) == pytest.approx(26.0)


def test_nothing_is_extrapolated():
    assert np.isnan(at(SLOW, "signals", 5))
    assert np.isnan(at(SLOW, "signals", 500))


def test_budgets_are_the_largest_that_every_method_reached():
    table, budgets = compare({"slow": [SLOW], "fast": [FAST]}, FLOATS)
    assert budgets == {"signals": 100.0, "seconds": 100.0}
    rows = table.set_index("method")
    assert rows.psnr_at_equal_signals.to_dict() == pytest.approx({"slow": 24.0, "fast": 22.0})
    assert rows.psnr_at_equal_seconds.to_dict() == pytest.approx({"slow": 24.0, "fast": 30.0})
    assert rows.signals_in_equal_seconds.to_dict() == {"slow": 100, "fast": 1000}
    assert rows.seconds_for_equal_signals.to_dict() == {"slow": 100, "fast": 10}


def test_the_page_shows_both_columns_and_the_figure(tmp_path: Path):
    table, budgets = compare({"slow": [SLOW], "fast": [FAST]}, FLOATS)
    figure({"slow": [SLOW, SLOW], "fast": [FAST]}, budgets, tmp_path / "comparison.png")
    page = markdown(table, budgets, "CIFAR-10", [])
    assert "| 1. fast" in page
    assert "1,600" in page
    said = markdown(table, budgets, "x", [about("budget", "cifar10", {"slow": 1, "fast": 1})])
    assert "256 test signals" in " ".join(said.split())
    assert "22.00" in page
    assert "30.00" in page
    assert (tmp_path / "comparison.png").stat().st_size > 5_000


def test_several_seeds_are_a_mean_and_a_deviation():
    better = SLOW.assign(test_psnr=SLOW.test_psnr + 2)
    table, budgets = compare({"slow": [SLOW, better], "fast": [FAST]}, FLOATS)
    slow, fast = (row for _, row in table.iterrows())
    assert (slow.seeds, fast.seeds) == (2, 1)
    assert slow.psnr_at_equal_seconds == pytest.approx(25.0)
    assert slow.psnr_at_equal_seconds_std == pytest.approx(2**0.5)
    shown = {row[0].text: row[1].text for row in grid(table, budgets).rows}
    assert shown == {"1. fast": "30.00", "2. slow": "25.00 ± 1.41"}


def test_a_seed_that_has_no_number_leaves_its_method_none():
    late = FAST[FAST.signals > 100]
    table, _ = compare({"slow": [SLOW], "fast": [FAST, late]}, FLOATS)
    assert table.psnr_at_equal_signals.isna().tolist() == [False, True]


@pytest.mark.parametrize("content", [None, "", "signals,seconds\n1,2\n"])
def test_a_missing_or_damaged_curve_names_its_file(tmp_path: Path, content: str | None):
    path = tmp_path / "learning_curve.csv"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"learning_curve\.csv"):
        read_learning_curve(path)


def test_methods_are_ranked_by_psnr_after_equal_time():
    late = FAST[FAST.signals > 10].assign(seconds=[200.0, 300.0])
    curves = {"late": [late], "slow": [SLOW], "fast": [FAST]}
    shown = grid(*compare(curves, FLOATS))
    assert shown.headings[1] == "PSNR after 100 s (dB) ↑"
    assert [[cell.text for cell in row[:4]] for row in shown.rows] == [
        ["1. fast", "30.00", "22.00", "512"],
        ["2. slow", "24.00", "24.00", "1,600"],
        ["late", "not measured", "22.00", "64"],
    ]
    assert [row[1].best for row in shown.rows] == [True, False, False]
    assert [row[2].best for row in shown.rows] == [False, True, False]


def test_a_budget_before_the_first_measurement_has_no_number():
    late = FAST[FAST.signals > 10].assign(seconds=[200.0, 300.0])
    table, budgets = compare({"slow": [SLOW], "late": [late]}, FLOATS)
    assert np.isnan(table.set_index("method").signals_in_equal_seconds["late"])
    (row,) = [row for row in grid(table, budgets).rows if row[0].text == "late"]
    assert [cell.text for cell in row[1:]] == ["not measured", "22.00", "64", "not measured"]
    later = late.assign(signals=[200, 300])
    table, _ = compare({"slow": [SLOW], "late": [later]}, FLOATS)
    assert np.isnan(table.set_index("method").seconds_for_equal_signals["late"])


@pytest.mark.parametrize(("method", "floats"), [("lift", 1600), ("spatial_functa", 1024)])
def test_latent_floats_are_those_of_the_cells_field(method: str, floats: int):
    assert latent_floats("budget", "cifar10", method) == floats


def test_the_tables_page_has_the_data_sets_on_which_two_methods_have_a_curve(tmp_path: Path):
    scale = load_scale("budget").model_copy(update={"seeds": [0, 1]})
    assert not list(sections(tmp_path, scale))
    for method, seed, curve in (("lift", 0, FAST), ("functa", 0, SLOW), ("functa", 1, SLOW)):
        leave_learning_curve(tmp_path, method, curve, seed)
    [section] = sections(tmp_path, scale)
    assert [row[0].text for row in section.grids[0].rows] == ["1. LIFT", "2. Functa"]
    assert section.grids[0].rows[1][1].text == "24.00 ± 0.00"
    assert "Seeds: LIFT 1, Functa 2" in section.about
    assert "Not run: LIFT+, Spatial Functa," in section.about
