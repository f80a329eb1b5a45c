"""One search for every method: as many trials, by signals held out, none trained twice."""

import csv

import pytest
import torch

from benchmarks.settings.reading import ConfigError
from benchmarks.stages.search import Around, Middles, Search, drawn, load_search, run
from benchmarks.stages.trials import Place
from tests.benchmarks.stages.commands import IMAGES

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
