"""What the page's figures hold, before a browser draws them."""

import json

import numpy as np
import pytest

from benchmarks.figures.curves import CurveError
from benchmarks.figures.single_signal import Picture, pictures_sheet
from benchmarks.records.confusion import read_confusion, write_confusion
from benchmarks.records.result import Metric, Result, ResultError, write_result
from benchmarks.report.comparisons import comparisons, size_chart, time_chart
from benchmarks.report.confusion import confusion_chart
from benchmarks.report.curves import read_points
from benchmarks.report.networks import spectral_chart
from benchmarks.report.plot import placed, style
from benchmarks.report.runs import planned
from benchmarks.report.single_signal import single_signal
from benchmarks.tables.crossing import Crossing
from benchmarks.tables.psnr_by_size import Sized
from benchmarks.tables.time_to_quality import Reached
from tests.benchmarks.report.conftest import PROVENANCE


def read(chart):
    drawn = json.loads(chart.data)
    return drawn["data"], drawn["layout"]


def test_twenty_methods_have_twenty_looks():
    looks = [json.dumps(style(place, "markers")) for place in range(20)]
    assert len(set(looks)) == 20
    assert placed(["b", "a", "b"]) == {"b": 0, "a": 1}


def test_a_system_is_one_mark_filled_where_it_was_measured():
    marks = [Sized("LIFT", 1600, 36.5, 0.5), Sized("LIFT", 1650, 45.0, printed=True)]
    data, layout = read(size_chart(marks, []))
    assert [(trace["x"], trace["y"]) for trace in data] == [([1600], [36.5]), ([1650], [45.0])]
    assert [trace["marker"]["symbol"] for trace in data] == ["circle", "circle-open"]
    assert data[0]["error_y"]["array"] == [0.5]
    assert "± 0.50 dB" in data[0]["hovertemplate"]
    assert layout["xaxis"]["type"] == "log"


def levels(method, *seconds):
    return [
        Reached("cifar10", method, level, [Crossing(at, 10 * at, "validation")] if at else [None])
        for level, at in zip((26.0, 30.0), seconds, strict=True)
    ]


def test_levels_of_quality_lie_on_either_budget():
    chart = time_chart([*levels("LIFT", 5.0, 9.0), *levels("GEM", 7.0, None)], [])
    data, layout = read(chart)
    assert chart.axes == ("budget", "time")
    assert layout["meta"] == ["training signals", "seconds of training"]
    assert [trace["name"] for trace in data] == ["LIFT", "GEM"]
    assert data[0]["customdata"] == [[50.0, 5.0, 0.0, 0.0], [90.0, 9.0, 0.0, 0.0]]
    assert [trace["y"] for trace in data] == [[26.0, 30.0], [26.0]]


def test_a_method_alone_is_named_in_its_figure():
    for chart in (
        time_chart(levels("LIFT", 5.0, 9.0), []),
        size_chart([Sized("LIFT", 1600, 36.5)], []),
    ):
        ((trace,), _) = read(chart)
        assert trace["name"] == "LIFT"
        assert trace["showlegend"]


def test_one_level_or_one_mark_compares_nothing():
    assert time_chart(levels("LIFT", 5.0, None), []) is None
    assert comparisons([], levels("LIFT", 5.0, None), []) == []


def test_a_confusion_is_read_as_it_was_written_and_shaded_by_row(tmp_path):
    counts = np.array([[3, 1], [0, 2]])
    assert read_confusion(tmp_path) is None
    write_confusion(tmp_path, counts, ["cat", "dog, small"])
    classes, found = read_confusion(tmp_path)
    assert classes == ["cat", "dog, small"]
    assert (found == counts).all()
    ((trace,), layout) = read(confusion_chart(classes, found))
    assert trace["z"] == [[0.75, 0.25], [0, 1]]
    assert trace["text"] == [[3, 1], [0, 2]]
    assert layout["yaxis"]["autorange"] == "reversed"


@pytest.mark.parametrize("content", ["", "a,b\nb,x\n", "a,b,c\nb,1,2\n", "a,b\nb,1,2\n"])
def test_a_damaged_confusion_is_one_clear_error(tmp_path, content):
    (tmp_path / "confusion.csv").write_text(content, encoding="utf-8")
    with pytest.raises(ResultError, match=r"confusion\.csv"):
        read_confusion(tmp_path)


CURVE = "step,signals,seconds,loss,psnr\n10,10,1,0.1,{0}\n20,20,2,0.1,{1}\n"


def leave_comparison(tmp_path):
    """A denoising of which ReLIFT's search prefers Muon, and SIREN's Adam."""
    run = next(run for run in planned("demo", tmp_path) if run.dataset == "denoising")
    values = {
        "observed_psnr": 18.25,
        **{"relift_psnr": 20.0, "relift_psnr_muon": 24.0},
        **{"siren_psnr": 22.0, "siren_psnr_muon": 25.0},
        "relift_score_first1_hidden1_rate0.001": 19.0,
        "relift_score_first2_hidden1_rate0.001": 21.0,
        "relift_score_first2_hidden2_rate0.001": 21.5,
        "relift_score_first1_hidden1_rate0.003": 18.2,
        "relift_score_first2_hidden2_rate0.001_muon0.003": 22.0,
        "siren_score_first1_hidden1_rate0.001": 20.0,
        "siren_score_first1_hidden1_rate0.001_muon0.003": 18.0,
    }
    config = {
        "methods": {"relift": {"title": "ReLIFT"}, "siren": {"title": "SIREN"}},
        "tasks": {"denoising": {"rate": 0.001}},
        "scales": {"demo": {"steps": 150, "search_steps": 60, "seeds": [0]}},
    }
    result = Result(
        stage="single_signal", scale="demo", dataset="denoising", method="single_signal", seed=0,
        status="ok", provenance=PROVENANCE.model_copy(update={"config": config}),
        metrics=[Metric(name=k, value=v, unit="dB", split="none") for k, v in values.items()],
    )  # fmt: skip
    write_result(run.folder / "single_signal.json", result)
    for name, ends in (("relift_muon", (20, 24)), ("relift_adam", (1, 2)),
                       ("siren_muon", (3, 4)), ("siren_adam", (21, 22))):  # fmt: skip
        for seed, rows in ((0, ends), (1, (50, 60))):  # the second one of an earlier training
            path = run.folder / f"{name}_astronaut_seed{seed}_curve.csv"
            path.write_text(CURVE.format(*rows), encoding="utf-8")
    picture = Picture(np.random.default_rng(0).random((16, 16, 3)), 20.0)
    names = ("target", "observed", "ReLIFT", "SIREN")
    pictures_sheet({name: [picture] for name in names}, run.folder / "networks.png")
    return run


def test_what_networks_were_given_stands_between_the_target_and_what_they_made(tmp_path):
    (part,) = single_signal([leave_comparison(tmp_path)])
    tiles = [(tile.title, tile.detail) for tile in part.figures[0].tiles]
    assert tiles == [
        ("Target", ""), ("Given", "18.2 dB"), ("ReLIFT", "24.0 dB"), ("SIREN", "22.0 dB"),
    ]  # fmt: skip
    assert "a noisy image" in part.figures[0].sentence


def test_curves_are_of_the_preferred_optimiser_and_a_search_has_its_own_steps(tmp_path):
    (part,) = single_signal([leave_comparison(tmp_path)])
    _, curves, search = part.figures
    data, _ = read(curves.chart)
    assert [trace["y"] for trace in data] == [[20.0, 24.0], [21.0, 22.0]]
    searched, layout = read(search.chart)
    assert [(one["x"], one["y"]) for one in searched] == [
        ([1.0, 2.0], [19.0, 21.0]),
        ([1.0], [20.0]),
    ]
    assert layout["xaxis"]["ticktext"] == ["1", "2"]
    ends = [figure.sentence.rpartition("after ")[2] for figure in (curves, search)]
    assert ends == ["150 steps.", "60 steps."]


def test_errors_by_frequency_have_a_panel_a_network(tmp_path):
    assert spectral_chart(tmp_path) is None
    for name in ("siren", "relift"):
        rows = "step,loss,error_1.5Hz,error_2.5Hz\n10,0.1,0.9,1.0\n20,0.1,0.5,0.8\n"
        (tmp_path / f"{name}_curve.csv").write_text(rows, encoding="utf-8")
    data, _ = read(spectral_chart(tmp_path))
    assert [trace["y"] for trace in data] == [["1.5 Hz", "2.5 Hz"]] * 2
    assert data[0]["z"] == [[0.9, 0.5], [1.0, 0.8]]


@pytest.mark.parametrize("content", ["", "step\n1\n"])
def test_a_curve_without_its_columns_names_its_file(tmp_path, content):
    path = tmp_path / "curve.csv"
    assert read_points(path, ("step", "psnr")) == []
    path.write_text(content, encoding="utf-8")
    with pytest.raises(CurveError, match=r"curve\.csv: no column .*psnr"):
        read_points(path, ("step", "psnr"))
