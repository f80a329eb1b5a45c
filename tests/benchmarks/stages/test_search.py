"""One search for every method: as many trials, by signals held out, none trained twice."""

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.records.result import read_result
from benchmarks.settings.reading import ConfigError, read_mapping
from benchmarks.settings.trial import trial_path
from benchmarks.stages.search import SEARCH as SEARCH_FILE
from benchmarks.stages.search import (
    Around,
    Middles,
    Search,
    csv_path,
    drawn,
    load_search,
    run,
    trials,
)
from benchmarks.stages.trials import Place, Trial
from lift.meta.rates import InnerRates
from tests.benchmarks.stages.commands import IMAGES

RESULTS = Path(__file__).parents[3] / "results"
SEARCH = Search(
    scale="demo", dataset=IMAGES.dataset, trials=3, part=0.5, seed=0,
    ranges={"fit.rate": (1e-4, 1e-2)}, around=Around(inner_rates=(0.5, 2.0), muon_rate=(0.5, 2.0)),
    methods={"lift": Middles(inner_rates=9.0, muon_rate=2e-3),
             "functa": Middles(inner_rates=0.1, muon_rate=1e-3)},
)  # fmt: skip


def test_every_method_has_the_same_points_and_its_own_middle():
    lift, functa = (list(drawn(SEARCH, method)) for method in SEARCH.methods)
    assert len(lift) == len(functa) == 3
    assert lift[0] == functa[0] == {}
    for one, other in zip(lift[1:], functa[1:], strict=True):
        assert one["fit.rate"] == other["fit.rate"]
        middles = one["field.inner_rates.start"], other["field.inner_rates.start"]
        assert middles[0] / middles[1] == pytest.approx(90, rel=0.02)
        assert 4.5 <= middles[0] <= 18
    rates = lift[1]["fit.muon_rate"], functa[1]["fit.muon_rate"]
    assert rates[0] / rates[1] == pytest.approx(2, rel=0.02)
    assert 1e-3 <= rates[0] <= 4e-3
    assert lift[2]["fit.muon_rate"] is functa[2]["fit.muon_rate"] is None


def test_latents_of_several_names_keep_the_proportions_of_their_rates():
    named = Middles(inner_rates={"pose": 4.0, "content": 40.0}, muon_rate=2e-3)
    search = SEARCH.model_copy(update={"methods": {**SEARCH.methods, "enf": named}})
    alone, several = (list(drawn(search, method)) for method in ("lift", "enf"))
    for one, two in zip(alone[1:], several[1:], strict=True):
        start = two["field.inner_rates.start"]
        assert start["content"] == pytest.approx(10 * start["pose"], rel=0.01)
        assert start["pose"] / 4 == pytest.approx(one["field.inner_rates.start"] / 9, rel=0.01)


def test_every_trial_that_is_configured_is_a_cell(tmp_path):
    search = load_search()
    for settings, trial in trials(search, tmp_path).values():
        cell = trial.experiment(Place(tmp_path, tmp_path, torch.device("cpu"))).cell
        InnerRates({"pose": (2,), "content": (3,)}, **cell.training.settings["inner_rates"])
        assert cell.training.fit.muon_rate == settings.get(
            "fit.muon_rate", cell.training.fit.muon_rate
        )
        if trial.name.startswith(("enf", "metalf")):
            assert cell.training.fit.muon_rate is None


def test_committed_trials_are_those_that_are_configured():
    for _, trial in trials(load_search(), RESULTS).values():
        path = trial_path(trial.scale, trial.dataset, trial.name, RESULTS)
        assert not path.exists() or read_mapping(path) == trial.changes


def test_a_stopped_search_keeps_the_rows_that_it_had(classified_copy):
    place = Place(classified_copy / "results", classified_copy / "data", torch.device("cpu"))
    first = SEARCH.model_copy(update={"methods": {"lift": SEARCH.methods["lift"]}, "trials": 2})
    assert len(run(first, place)) == 2
    # The first trial is gone, and its folder cannot be made.
    folder = place.results / "demo" / IMAGES.dataset / "lift+search0" / "seed0"
    shutil.rmtree(folder)
    folder.touch()
    with pytest.raises(OSError, match="seed0"):
        run(first, place)
    with csv_path(place.results, first).open(encoding="utf-8") as file:
        assert [row["method"] for row in csv.DictReader(file)] == ["lift", "lift"]


def test_a_trial_is_finished_by_its_settings_and_its_data(classified_copy):
    place = Place(classified_copy / "results", classified_copy / "data", torch.device("cpu"))
    trial = Trial("demo", IMAGES.dataset, "lift+two", {"fit": {"steps": 2}}, seed=0)
    assert trial.finished(place) is None
    assert not trial_path("demo", IMAGES.dataset, "lift+two", place.results).exists()
    trained = trial.train(place)
    assert trial.finished(place).result == trained.result
    manifest = place.data / IMAGES.dataset / "manifest.json"
    manifest.write_text(
        manifest.read_text(encoding="utf-8").replace('"title": "', '"title": "other '),
        encoding="utf-8",
    )
    assert trial.finished(place) is None


def test_what_the_scale_takes_over_trains_no_first_trial_anew(classified_copy):
    search = SEARCH.model_copy(update={"methods": {"lift": SEARCH.methods["lift"]}, "trials": 2})
    place = Place(classified_copy / "results", classified_copy / "data", torch.device("cpu"))
    before = run(search, place)
    found = trials(search, place.results)[1, "lift"][0]
    IMAGES.change_lift(classified_copy, "fit", rate=found["fit.rate"])
    assert run(search, place) == before
    IMAGES.change_lift(classified_copy, "field", width=8)
    first = trials(search, place.results)[0, "lift"][1]
    assert first.finished(place, apart={*search.ranges, "fit.muon_rate"}) is None


def test_a_trial_that_diverges_is_a_row_and_is_not_trained_again(classified_copy):
    search = SEARCH.model_copy(update={
        "methods": {"lift": SEARCH.methods["lift"]}, "trials": 2,
        "ranges": {"fit.rate": (1e30, 2e30), "fit.clip": (1e30, 2e30)},
    })  # fmt: skip
    place = Place(classified_copy / "results", classified_copy / "data", torch.device("cpu"))
    first, ruined = run(search, place)
    assert first["validation_psnr"] > 0
    assert np.isnan(ruined["validation_psnr"])
    path = next(place.results.glob(f"demo/{IMAGES.dataset}/lift+search1/seed0/fit.json"))
    kept, found = path.stat().st_mtime_ns, read_result(path)
    assert found.status == "failed"
    assert "expected finite" in found.reason
    assert np.isnan(run(search, place)[1]["validation_psnr"])
    assert path.stat().st_mtime_ns == kept


def test_trials_are_trained_once_and_kept_as_rows(classified_copy):
    search = SEARCH.model_copy(update={"methods": {"lift": SEARCH.methods["lift"]}})
    place = Place(classified_copy / "results", classified_copy / "data", torch.device("cpu"))
    rows = run(search, place)
    assert [row["trial"] for row in rows] == [0, 1, 2]
    assert {row["signals"] for row in rows} == {8}
    assert len({row["validation_psnr"] for row in rows}) == 3
    folder = classified_copy / "results" / "demo" / IMAGES.dataset
    kept = [path.stat().st_mtime_ns for path in sorted(folder.glob("lift+*/seed0/fit.json"))]
    assert run(search, place) == rows
    again = [path.stat().st_mtime_ns for path in sorted(folder.glob("lift+*/seed0/fit.json"))]
    assert again == kept
    with (folder / "search.csv").open(encoding="utf-8") as file:
        written = list(csv.DictReader(file))
    assert [float(row["validation_psnr"]) for row in written] == [
        r["validation_psnr"] for r in rows
    ]


def test_a_wrong_search_is_one_line(tmp_path):
    path = tmp_path / "search.yaml"
    path.write_text("scale: demo\ntrials: 0\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"search\.yaml: "):
        load_search(path)


def test_another_search_of_the_same_cells_leaves_the_first_one_its_trials(tmp_path):
    path = tmp_path / "wider.yaml"
    shutil.copy(SEARCH_FILE, path)
    first, other = load_search(), load_search(path)
    assert csv_path(tmp_path, other) == csv_path(tmp_path, first).with_name("wider.csv")
    names = [{trial.name for _, trial in trials(each, RESULTS).values()} for each in (first, other)]
    assert "lift+wider0" in names[1]
    assert not names[0] & names[1]
