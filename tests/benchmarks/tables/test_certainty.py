"""Tables say how certain a rank is where the PSNR of each signal was kept, else nothing."""

import numpy as np
import pytest

from benchmarks.records.result import Budget, Metric, Result, result_path, write_result
from benchmarks.records.signals import FILES, read_psnr, write_psnr
from benchmarks.tables.certainty import HOW, certainty, how_found
from tests.benchmarks.tables.results_tree import provenance

SIGNALS = np.random.default_rng(0).normal(30, 3, 100)


def leave(root, method, decibels=None, seed=0, encoded=None):
    path = result_path(root, "demo", "embedded-images", method, seed, "reconstruction")
    path.parent.mkdir(parents=True, exist_ok=True)
    result = Result(
        stage="reconstruction", scale="demo", dataset="embedded-images", method=method, seed=seed,
        status="ok", metrics=[Metric(name="psnr", value=1.0, unit="dB", split="test")],
        artifacts={} if decibels is None else write_psnr(path.parent, "reconstruction", decibels),
        provenance=provenance({"encode": {"test": encoded}, "evaluate": {"test": 100}}),
    )  # fmt: skip
    write_result(path, result)
    return result


def test_seeds_are_averaged_signal_by_signal(tmp_path):
    swing = np.where(np.arange(100) % 2, 8.0, -8.0)
    swinging = [
        leave(tmp_path, "lift", SIGNALS + 0.1 + s, n) for n, s in enumerate((swing, -swing))
    ]
    steady = [leave(tmp_path, "functa", SIGNALS)]
    said = certainty(tmp_path, {"LIFT": swinging, "Functa": steady})
    assert said == {"LIFT": "certain", "Functa": "certain"}
    alone = certainty(tmp_path, {"LIFT": swinging[:1], "Functa": steady})
    assert alone == {"LIFT": "tied with Functa", "Functa": "tied with LIFT"}


def test_an_old_result_other_signals_and_a_lonely_method_get_no_statement(tmp_path):
    old, lift = leave(tmp_path, "gem"), leave(tmp_path, "lift", SIGNALS)
    fewer = leave(tmp_path, "functa", SIGNALS[:50] - 9)
    assert certainty(tmp_path, {"GEM": [old], "LIFT": [lift], "Functa": [fewer]}) == {}


def test_as_many_signals_of_another_choice_are_not_paired(tmp_path):
    lift, functa = leave(tmp_path, "lift", SIGNALS), leave(tmp_path, "functa", SIGNALS + 1)
    assert certainty(tmp_path, {"LIFT": [lift], "Functa": [functa]})["Functa"] == "certain"
    fewer = leave(tmp_path, "functa", SIGNALS + 1, encoded=300)
    assert certainty(tmp_path, {"LIFT": [lift], "Functa": [fewer]}) == {}
    mixed = [functa, leave(tmp_path, "functa", SIGNALS + 1, seed=1, encoded=300)]
    assert certainty(tmp_path, {"LIFT": [lift], "Functa": mixed}) == {}


def test_a_rank_of_unequal_trainings_says_so(tmp_path):
    result = leave(tmp_path, "lift", SIGNALS)
    shorter, longer = (
        result.model_copy(update={"budget": Budget(signals=n, published_signals=None)})
        for n in (10, 20)
    )
    assert how_found([shorter, shorter]) == HOW
    assert how_found([shorter, longer]).endswith("; trained on unequal numbers of signals")


def test_a_file_that_is_not_the_recorded_one_is_not_read(tmp_path):
    lift = leave(tmp_path, "lift", SIGNALS)
    assert read_psnr(tmp_path, lift) == pytest.approx(SIGNALS, abs=1e-5)
    folder = result_path(tmp_path, "demo", "embedded-images", "lift", 0, "fit").parent
    np.save(folder / FILES["reconstruction"], SIGNALS)
    assert read_psnr(tmp_path, lift) is None
