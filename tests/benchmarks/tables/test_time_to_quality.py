"""When a curve first reached a level: closed forms, seeds, and what the tables make of them."""

import csv

import pytest

from benchmarks.figures.curves import CURVE
from benchmarks.records.result import Result, result_path, write_result
from benchmarks.settings.scale import ScaleConfig, load_scale
from benchmarks.tables.crossing import Crossing, crossing
from benchmarks.tables.tables import everything
from benchmarks.tables.time_to_quality import frame, reached, section
from tests.benchmarks.tables.results_tree import provenance


def rows(*points):
    """``(seconds, signals, train, validation)`` as rows of a curve."""
    names = ("seconds", "signals", "train_psnr", "validation_psnr")
    return [dict(zip(names, point, strict=True)) for point in points]


VALIDATED = rows((1, 10, 20, 20), (2, 20, 31, None), (100, 1000, 32, 30), (200, 2000, 40, 29))


def test_between_two_validations_the_logarithm_of_the_budget_is_interpolated():
    found = crossing(VALIDATED, 25)
    assert found == Crossing(pytest.approx(10), pytest.approx(100), "validation")


def test_validation_alone_says_whether_a_level_was_reached():
    assert crossing(VALIDATED, 31) is None
    assert crossing(VALIDATED, 30) == Crossing(
        pytest.approx(100), pytest.approx(1000), "validation"
    )


def test_before_the_first_validation_training_signals_say_when():
    curve = rows((1, 10, 10, None), (4, 40, 20, None), (50, 500, 25, 24))
    assert crossing(curve, 15) == Crossing(pytest.approx(2), pytest.approx(20), "train_psnr")
    assert crossing(curve, 24.5) is None


def test_a_curve_without_validations_is_read_by_training_signals():
    curve = rows((1, 10, 10, None), (4, 40, 20, None))
    assert crossing(curve, 20) == Crossing(pytest.approx(4), pytest.approx(40), "train_psnr")
    assert crossing(curve, 20.1) is None
    assert crossing([], 20) is None


def test_nothing_is_extrapolated_before_the_first_measurement():
    assert crossing(rows((3, 30, 25, None)), 20) == Crossing(3, 30, "train_psnr", sooner=True)
    assert crossing(rows((3, 30, 15, 25)), 20) == Crossing(3, 30, "validation", sooner=True)


def scale(seeds):
    counts = {"train": 1, "test": 1}
    data = {"methods": ["lift", "functa"], "validation": 1, "encode": counts, "evaluate": counts}
    data["quality"] = [20, 25]
    return ScaleConfig.model_validate(
        {"scale": "tiny", "seeds": seeds, "threads": 1, "tables": {}, "datasets": {"cifar10": data}}
    )


def leave(root, method, seed, curve, failed="", device="", scale="tiny"):
    path = result_path(root, scale, "cifar10", method, seed, "fit")
    write_result(
        path,
        Result(
            stage="fit", scale=scale, dataset="cifar10", method=method, seed=seed,
            status="failed" if failed else "ok", reason=failed,
            provenance=provenance({}, device) if device else None,
        ),
    )  # fmt: skip
    with path.with_name("curve.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, CURVE)
        writer.writeheader()
        writer.writerows({name: 1, **row} for name in CURVE[:1] for row in curve)


def test_seeds_are_averaged_and_a_level_that_one_missed_is_not_reached(tmp_path):
    for seed, (seconds, last) in enumerate([(10, 30), (30, 24)]):
        leave(
            tmp_path, "lift", seed, rows((1, 10, 5, 5), (seconds, 100, 20, 20), (90, 900, 9, last))
        )
    found = reached(tmp_path, scale([0, 1]))
    shown = section(tmp_path, scale([0, 1]), found)
    seconds, signals = shown.grids
    assert seconds.headings == ["method", "20 dB", "25 dB"]
    assert [cell.text for cell in seconds.rows[0]] == ["LIFT", "20 ± 14", "not reached"]
    assert [cell.text for cell in signals.rows[0]] == ["LIFT", "100 ± 0", "not reached"]
    assert seconds.rows[0][1].value == pytest.approx(20)
    assert shown.footnotes == ["1 of 2 seeds reached it"]
    assert shown.remarks == ["No finished training in scale `tiny` on cifar10: Functa."]
    table = frame(found)
    assert table.seconds_std.tolist()[0] == pytest.approx(200**0.5)
    assert table.seeds_reached.tolist() == [2, 1]


def test_a_failed_seed_reached_no_level(tmp_path):
    leave(tmp_path, "lift", 0, rows((1, 10, 20, 20)))
    leave(tmp_path, "lift", 1, rows((1, 10, 20, 20)), failed="step 7: loss nan")
    found = reached(tmp_path, scale([0, 1, 2]))  # the third has not run
    shown = section(tmp_path, scale([0, 1, 2]), found)
    assert [cell.text for cell in shown.grids[0].rows[0]] == ["LIFT", "not reached", "not reached"]
    assert shown.footnotes == ["1 of 2 seeds reached it; 2 of 3 seeds", "2 of 3 seeds"]
    assert frame(found).seeds_reached.tolist() == [1, 0]


def test_machines_are_those_of_the_scales_methods_and_not_of_trials(tmp_path):
    leave(tmp_path, "lift", 0, rows((1, 10, 20, 20)), device="a chip")
    leave(tmp_path, "lift+search0", 0, rows((1, 10, 20, 20)), device="another chip")
    about = section(tmp_path, scale([0]), reached(tmp_path, scale([0]))).about
    assert about.endswith("**Machine**: a chip, 1 thread.")


def test_seconds_of_unlike_machines_say_whose_they_are(tmp_path):
    for method, device in (("lift", "a chip"), ("functa", "another chip")):
        leave(tmp_path, method, 0, rows((1, 10, 20, 20)), device=device)
    shown = section(tmp_path, scale([0]), reached(tmp_path, scale([0])))
    seconds, signals = ([row[0].marked for row in grid.rows] for grid in shown.grids)
    assert signals == ["LIFT", "Functa"]
    assert seconds == ["LIFT [1]", "Functa [3]"]  # the second is of a crossing
    assert shown.footnotes[::2] == ["a chip, 1 thread", "another chip, 1 thread"]


def test_a_method_whose_trainings_all_failed_has_no_row(tmp_path):
    leave(tmp_path, "lift", 0, rows((1, 10, 30, 30)), failed="step 7: loss nan")
    assert reached(tmp_path, scale([0])) == []


def test_levels_of_the_demo_are_its_own_and_its_tables_have_the_section(tmp_path):
    demo = load_scale("demo")
    assert all(max(data.quality) < 36 for data in demo.datasets.values())
    assert load_scale("lite").datasets["cifar10"].quality == [26, 30, 34, 36]
    sections, frames = everything(tmp_path, demo)
    assert sections[-1].name == "without"  # nothing is measured yet
    assert "Time to quality" in sections[-1].about
    assert frames["time_to_quality"].empty
