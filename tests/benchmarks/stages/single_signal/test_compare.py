"""The comparison for real, tiny: choices, resumption, and its section of the tables."""

import dataclasses
import math
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from benchmarks.records.result import Metric, Result, result_path, write_result
from benchmarks.report.curves import read_points
from benchmarks.report.sheets import Sheet
from benchmarks.stages.single_signal import compare
from benchmarks.stages.single_signal.compare import image_of, observed_metrics, run
from benchmarks.stages.single_signal.fitting import CHUNK, Choice, Comparison, squared_error
from benchmarks.stages.single_signal.measures import method_metrics, trainings
from benchmarks.stages.single_signal.networks import macs, network_of, parameters
from benchmarks.stages.single_signal.search import Searched, chosen, scorer
from benchmarks.stages.single_signal.settings import load_single_signal
from benchmarks.stages.single_signal.tasks import SignalTask, centres
from benchmarks.tables.single_signal import section
from lift.checkpoint import load_metadata

CONFIG = load_single_signal()
PLAIN = Choice(1.0, 1.0, 5e-3)
TINY = CONFIG.model_copy(
    update={
        "scales": {
            "tiny": CONFIG.scales["demo"].model_copy(
                update={"width": 16, "hidden": 1, "steps": 60, "search_steps": 20, "points": 64}
            )
        }
    }
)


def wave(name="image", hidden=False):
    """A smooth colour image of 16 x 16; where it is hidden, half of it is observed, inverted."""
    grid = centres(16, 16)
    target = 0.5 + 0.4 * torch.sin(
        3 * grid @ torch.randn(2, 3, generator=torch.Generator().manual_seed(0))
    )
    observed = (grid[::2], 1 - target[::2]) if hidden else (grid, target)
    return SignalTask(name, *observed, grid, target, (16, 16, 3))


def comparison(tmp_path, method="siren", **changes):
    settings = {"config": TINY, "scale": "tiny", "task": wave(), "method": method}
    return Comparison(**{**settings, "directory": tmp_path, "seed": 0, "code": "", **changes})


def test_a_network_learns_a_smooth_image(tmp_path):
    curve = comparison(tmp_path).final("adam", PLAIN).curve
    assert curve[-1]["psnr"] > curve[0]["psnr"] + 5


def test_the_error_in_chunks_has_the_gradient_of_the_whole():
    network = torch.nn.Sequential(torch.nn.Linear(1, 8), torch.nn.Tanh(), torch.nn.Linear(8, 2))
    network.double()
    coords = torch.rand(2 * CHUNK + 100, 1, dtype=torch.float64)
    values = torch.rand(2 * CHUNK + 100, 2, dtype=torch.float64)
    whole = (network(coords) - values).square().mean()
    expected = torch.autograd.grad(whole, tuple(network.parameters()))
    error = squared_error(network, coords, values)
    error.backward()
    torch.testing.assert_close(error, whole, rtol=1e-12, atol=1e-12, check_dtype=False)
    for parameter, gradient in zip(network.parameters(), expected, strict=True):
        torch.testing.assert_close(parameter.grad, gradient, rtol=1e-12, atol=1e-12)


def test_all_points_are_taken_where_there_are_no_more(tmp_path):
    sizes = TINY.scales["tiny"].model_copy(update={"points": 256, "steps": 1})
    whole = TINY.model_copy(update={"scales": {"tiny": sizes}})
    curve = comparison(tmp_path, config=whole).final("adam", PLAIN._replace(rate=1e-9)).curve
    assert curve[0]["loss"] == pytest.approx(10 ** (-curve[0]["psnr"] / 10), rel=1e-3)


def test_finished_trainings_are_read_and_not_repeated(tmp_path):
    first = comparison(tmp_path).final("adam", PLAIN)
    written = (tmp_path / "siren_adam_signal_seed0.safetensors").stat().st_mtime_ns
    again = comparison(tmp_path).final("adam", PLAIN)
    assert (tmp_path / "siren_adam_signal_seed0.safetensors").stat().st_mtime_ns == written
    assert again.curve == first.curve


OPTIMUM = Choice(2.0, 4.0, 3e-3, 6 * 3e-3)


def distance_to(optimum):
    """A score that is highest at an optimum, and pays for each setting by itself."""

    def score(choice):
        pairs = zip(choice, optimum, strict=True)
        return -sum(abs(math.log((ours or theirs) / theirs)) for ours, theirs in pairs)

    return score


def test_a_search_tries_each_setting_at_the_best_of_those_before():
    found = chosen(CONFIG, "siren", CONFIG.tasks["image"], distance_to(OPTIMUM))
    assert found.adam == OPTIMUM._replace(muon=None)
    assert found.muon == OPTIMUM
    assert list(found.scores) == [
        *(Choice(first, 1.0, 9e-4) for first in (1.0, 2.0, 4.0)),
        *(Choice(2.0, hidden, 9e-4) for hidden in (2.0, 4.0)),
        *(Choice(2.0, 4.0, rate) for rate in (3e-3, 9e-3)),
        *(Choice(2.0, 1.0, 3e-3, factor * 3e-3) for factor in (1.5, 3.0, 6.0, 12.0)),
        *(Choice(2.0, hidden, 3e-3, 6 * 3e-3) for hidden in (2.0, 4.0)),
    ]


@pytest.mark.parametrize("method", list(CONFIG.methods))
def test_every_network_has_as_many_trials(method):
    found = chosen(CONFIG, method, CONFIG.tasks["image"], distance_to(OPTIMUM))
    # An encoding's rectifiers have no constant that a factor could multiply.
    assert len(found.scores) == (9 if method == "relu_pe" else 13)


def test_a_search_trains_and_one_that_diverges_has_the_least_score(tmp_path):
    score = scorer(comparison(tmp_path))
    assert score(PLAIN) > 5
    assert score(PLAIN._replace(rate=1e30)) == -math.inf


def test_a_search_prefers_the_optimiser_of_the_higher_score():
    scores = {PLAIN: 20.0, PLAIN._replace(muon=0.01): 21.0, PLAIN._replace(muon=0.02): -math.inf}
    adam, better, worse = scores
    assert Searched(adam, better, scores).preferred == "muon"
    assert Searched(adam, worse, scores).preferred == "adam"


def test_factors_multiply_the_frequencies_of_the_first_layer_and_of_the_others():
    def built(method, first, hidden):
        torch.manual_seed(0)
        settings = CONFIG.methods[method], CONFIG.tasks["image"], CONFIG.scales["demo"]
        return network_of(method, *settings, (256, 384), 3, first, hidden).build()

    relift = built("relift", 2.0, 0.5)
    assert (relift.gamma, relift.first_w0, relift.w0) == (2.0, 30.0, 15.0)
    siren = built("siren", 2.0, 0.5)
    assert (siren.first_w0, siren.w0) == (60.0, 15.0)
    assert built("finer", 2.0, 0.5).w0 == [60.0, 15.0, 15.0]
    wire = built("wire", 2.0, 0.5)
    assert (wire.w0, wire.sigma) == ([20.0, 5.0, 5.0], [20.0, 5.0, 5.0])
    assert built("gauss", 2.0, 0.5).sigma == [20.0, 5.0, 5.0]
    assert [built("relu_pe", factor, 1.0).octaves for factor in (1.0, 2.0, 4.0)] == [6, 7, 8]


@pytest.mark.parametrize(
    ("task", "samples"),
    [("image", 384), ("super_resolution", 384), ("inpainting", 384), ("denoising", 384 // 3)],
)
def test_the_encoding_of_a_task_is_wires(task, samples):
    """Its code has ``floor(log2(1 / (2 * (2 * 1 / samples))))`` octaves.

    Samples are those of the longest side, or a third of them where it denoises (``tau < 100``).
    """
    settings = CONFIG.methods["relu_pe"], CONFIG.tasks[task], CONFIG.scales["demo"]
    made = network_of("relu_pe", *settings, (256, 384), 3, 1.0, 1.0)
    assert made.arguments["octaves"] == math.floor(math.log2(1 / (2 * (2 * 1 / samples))))


@pytest.mark.parametrize(("method", "changed"), [("gauss", "sigma"), ("siren", "w0")])
def test_a_network_of_other_constants_is_another_training(tmp_path, method, changed):
    first = comparison(tmp_path, method).final("adam", PLAIN)
    other = TINY.methods[method].model_copy(update={changed: 3.0})
    config = TINY.model_copy(update={"methods": {**TINY.methods, method: other}})
    again = comparison(tmp_path, method, config=config).final("adam", PLAIN)
    assert again.curve != first.curve


def test_another_signal_is_another_training(tmp_path):
    first = comparison(tmp_path).final("adam", PLAIN)
    task = wave()
    noisy = dataclasses.replace(task, values=task.values + 0.1)
    again = comparison(tmp_path, task=noisy).final("adam", PLAIN)
    assert again.curve != first.curve


def test_a_hidden_target_is_not_looked_at(tmp_path):
    """The observed half is inverted: whoever scored by the target would score low."""
    hidden = wave("inpainting", hidden=True)
    elsewhere = SignalTask(
        "inpainting", hidden.coords, hidden.values, hidden.grid, 0 * hidden.target, hidden.shape
    )
    one = scorer(comparison(tmp_path / "a", task=hidden))(PLAIN)
    other = scorer(comparison(tmp_path / "b", task=elsewhere))(PLAIN)
    assert one == other


@pytest.mark.parametrize("method", list(CONFIG.methods))
def test_every_network_of_the_configuration_is_built_and_counted(method):
    settings = CONFIG.methods[method], CONFIG.tasks["image"], CONFIG.scales["lite"]
    network = network_of(method, *settings, (256, 384), 3, 2.0, 1.0).build()
    assert network(centres(4, 4)).shape == (16, 3)
    # Widths are shared; WIRE halves its complex matrices.
    assert parameters(network) == pytest.approx(198_000, rel=0.05)
    assert macs(network) == pytest.approx(396_000 if method == "wire" else 197_000, rel=0.05)


def test_the_section_shows_ours_beside_the_printed_number(tmp_path):
    values = {
        "relift_first_factor": 2.0,
        "relift_score_first2_hidden1_rate0.001": 30.0,
        "relift_psnr": 41.5,
        "siren_first_factor": 1.0,
        "siren_psnr": None,
    }
    metrics = [Metric(name=k, value=v, unit="dB", split="none") for k, v in values.items()]
    result = Result(
        stage="single_signal", scale="demo", dataset="audio", method="single_signal", seed=0,
        status="ok", metrics=metrics,
    )  # fmt: skip
    write_result(
        result_path(tmp_path, "demo", "audio", "single_signal", 0, "single_signal"), result
    )
    found, rows = section(CONFIG, tmp_path, "demo")
    (grid,) = found.grids
    shown = {row[0].text: row[1].text for row in grid.rows}
    assert shown["ReLIFT"] == "41.50 (54.99)"
    assert shown["SIREN"].startswith("diverged")
    assert found.remarks[0] == "audio: FINER, WIRE, Gauss, ReLU + PE not run."
    assert found.remarks[1].startswith("Not run in scale `demo`: image,")
    assert rows.set_index("method").loc["ReLIFT", "psnr"] == 41.5


def test_rates_end_at_the_scales_share_or_else_the_tasks(tmp_path):
    for decay, expected in ((None, CONFIG.tasks["image"].decay), (0.01, 0.01)):
        sizes = TINY.scales["tiny"].model_copy(update={"decay": decay})
        config = TINY.model_copy(update={"scales": {"tiny": sizes}})
        comparison(tmp_path, config=config).final("muon", PLAIN._replace(muon=0.01))
        metadata = load_metadata(tmp_path / "siren_muon_signal_seed0.safetensors")
        training = metadata["identity"]["training"]
        assert training["last_rate"] / training["rate"] == pytest.approx(expected)


def test_a_trial_is_the_beginning_of_the_whole_training(tmp_path):
    sizes = TINY.scales["tiny"].model_copy(update={"decay": 0.01, "steps": 40})
    one = comparison(tmp_path, config=TINY.model_copy(update={"scales": {"tiny": sizes}}))
    score = scorer(one)(PLAIN)
    (path,) = (tmp_path / "search").glob("siren_*_curve.csv")
    trial = {row["step"]: row["gradient_norm"] for row in read_points(path, ("step",))}
    one.final("adam", PLAIN)
    path = tmp_path / "siren_adam_signal_seed0_curve.csv"
    whole = {row["step"]: row["gradient_norm"] for row in read_points(path, ("step",))}
    shared = trial.keys() & whole.keys()
    assert {4, 20} <= shared
    assert [trial[step] for step in shared] == pytest.approx([whole[step] for step in shared])
    assert score > 5


def test_a_diverged_training_is_told_by_name(tmp_path):
    one = comparison(tmp_path)
    wild = PLAIN._replace(muon=1e30)
    found = Searched(PLAIN, wild, {PLAIN: 1.0, wild: 0.0})
    runs, diverged = trainings([one], found)
    assert set(runs) == {"adam"}
    metrics = {m.name: m for m in method_metrics([one], found, runs, diverged)}
    assert metrics["siren_psnr"].value > 5
    assert metrics["siren_psnr_muon"].value is None
    assert "siren_muon_signal_seed0" in metrics["siren_psnr_muon"].note


def test_the_identity_of_a_training_names_its_settings(tmp_path):
    comparison(tmp_path).final("adam", PLAIN)
    identity = load_metadata(tmp_path / "siren_adam_signal_seed0.safetensors")["identity"]
    assert identity["training"]["rate"] == 5e-3


def test_two_photographs_and_seeds_report_a_mean_each_and_a_deviation(tmp_path, monkeypatch):
    monkeypatch.setenv("LIFT_DATA", str(tmp_path))
    (tmp_path / "kodak").mkdir()
    for number in (5, 7):
        pixels = np.random.default_rng(number).integers(0, 255, (24, 32, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / "kodak" / f"kodim{number:02d}.png")
    sizes = {"photographs": [5, 7], "steps": 10, "search_steps": 4, "seeds": [0, 1]}
    tiny = TINY.scales["tiny"].model_copy(update=sizes)
    methods = {name: CONFIG.methods[name] for name in ("relift", "siren")}
    config = TINY.model_copy(update={"scales": {"tiny": tiny}, "methods": methods})
    (tmp_path / "out").mkdir()
    metrics = run(config, "tiny", "image", tmp_path / "out", torch.device("cpu"))
    found = {one.name: one for one in metrics}
    each = found["siren_psnr_kodim05"].value, found["siren_psnr_kodim07"].value
    assert each[0] != each[1]
    assert found["siren_psnr"].value == pytest.approx(sum(each) / 2)
    assert found["siren_psnr"].samples == 2 * 12 * 16
    alone = [
        read_points(tmp_path / "out" / f"siren_adam_{signal}_seed{seed}_curve.csv", ("psnr",))[-1][
            "psnr"
        ]
        for seed in (0, 1)
        for signal in ("kodim05", "kodim07")
    ]
    seeds = np.mean(alone[:2]), np.mean(alone[2:])
    assert found["siren_psnr"].value == pytest.approx(np.mean(seeds), abs=1e-4)
    assert found["siren_psnr_deviation"].value == pytest.approx(np.std(seeds, ddof=1), abs=1e-4)
    assert found["siren_psnr_deviation"].value > 0
    sheet = Sheet(tmp_path / "out" / "networks.png")
    assert (sheet.rows, sheet.columns) == (2, 3)  # of the target and two networks
    scores = [name for name in found if name.startswith("siren_score_")]
    assert len(scores) == 13


def test_some_networks_alone_are_trained_and_shown(tmp_path, monkeypatch):
    tiny = TINY.model_copy(update={"scales": {"demo": TINY.scales["tiny"]}})
    monkeypatch.setattr(compare, "load_single_signal", lambda: tiny)
    words = ("--task", "image", "--networks", "finer", "siren", "--results", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["x", *words, "--device", "cpu"])
    compare.main()
    found, rows = section(CONFIG, tmp_path, "demo")
    assert list(rows["method"]) == ["SIREN", "FINER"]
    assert [row[0].text for row in found.grids[0].rows] == ["SIREN", "FINER"]
    assert "image: 60 steps of at most 64 points, seeds 0." in found.remarks
    written = (tmp_path / "demo/image/single_signal/seed0/single_signal.json").read_bytes()
    monkeypatch.setattr(sys, "argv", ["x", *words[:4], "--results", str(tmp_path)])
    with pytest.raises(SystemExit, match="has siren too, and would lose them"):
        compare.main()
    assert (tmp_path / "demo/image/single_signal/seed0/single_signal.json").read_bytes() == written


def test_a_noisy_image_is_shown_with_its_psnr_and_a_target_without():
    task = wave("denoising")
    shown = image_of(task, task.target + 0.1)
    assert shown.psnr == pytest.approx(20.0, abs=1e-3)
    (metric,) = observed_metrics([shown])
    assert (metric.name, metric.value) == ("observed_psnr", shown.psnr)
    assert np.isnan(image_of(task, task.target).psnr)


def test_missing_pixels_are_grey_and_have_no_psnr():
    task = wave("inpainting", hidden=True)
    shown = image_of(task, task.observed())
    assert (shown.pixels[0, 1] == 0.5).all()
    assert observed_metrics([shown]) == []
