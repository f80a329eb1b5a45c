"""`--resume-anyway` continues a state of other settings, in every program that trains.

The state here holds no weights: whoever continues it says so, and whoever does not moves it aside.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.records.result import read_result
from benchmarks.stages.classification import classify_pixels
from benchmarks.stages.lock import written_here
from benchmarks.stages.single_signal import compare, spectral_bias
from benchmarks.stages.single_signal.fitting import Choice
from lift.checkpoint import save_tensors
from tests.benchmarks.stages.commands import IMAGES, SHAPES, edit

CONTINUED = "not this field's training state"


def check_continued(checkpoint: Path, run: Callable[[], None]) -> None:
    """A program that finds a state of other settings takes it for its own, and moves nothing."""
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    save_tensors(checkpoint, {}, {"identity": {"old": 1}, "code": "", "progress": {"step": 1}})
    with pytest.raises(SystemExit, match=CONTINUED) as stopped:
        run()
    assert isinstance(stopped.value.code, str)
    assert "\n" not in stopped.value.code
    assert checkpoint.exists()
    assert not list(checkpoint.parent.glob(f"{checkpoint.stem}.aside*"))


@pytest.mark.parametrize(
    ("stage", "state"), [("fit", "checkpoint"), ("generate", "denoiser_checkpoint")]
)
def test_stages_continue_it(stage, state, encoded_copy, monkeypatch):
    checkpoint = SHAPES.cell(encoded_copy) / f"{state}.safetensors"
    check_continued(
        checkpoint, lambda: SHAPES.run(monkeypatch, encoded_copy, stage, "--resume-anyway")
    )


def test_classification_continues_it(classified_copy, monkeypatch):
    folder = IMAGES.cell(classified_copy)
    (folder / "classifier_2.safetensors").unlink()
    check_continued(
        folder / "classifier_2_checkpoint.safetensors",
        lambda: IMAGES.run(monkeypatch, classified_copy, "classify", "--resume-anyway"),
    )


def test_classification_of_pixels_continues_it(classified_copy, monkeypatch):
    folder = IMAGES.cell(classified_copy, "vit4")
    IMAGES.arguments(monkeypatch, classified_copy, "--resume-anyway", method="vit4")
    check_continued(folder / "classifier_1_checkpoint.safetensors", classify_pixels.main)


ALONE = {
    "compare": (
        compare.main,
        ("--task", "image", "--device", "cpu"),
        "image/single_signal/seed0/single_signal.json",
        "image/single_signal/seed0/search/{network}_{choice}_checkpoint.safetensors",
    ),
    "spectral_bias": (
        spectral_bias.main,
        (),
        "spectral_bias/spectral_bias.png",
        "spectral_bias/siren_checkpoint.safetensors",
    ),
}


@pytest.fixture(params=ALONE)
def alone(request, monkeypatch, tmp_path):
    """A program on single signals, its arguments given; where its result and first state are."""
    main, words, result, state = ALONE[request.param]
    results = ("--results", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["x", *words, *results, "--resume-anyway"])
    config = compare.load_single_signal()
    choice = Choice(config.first_factors[0], 1.0, config.tasks["image"].rate)
    first = {"network": next(iter(config.methods)), "choice": choice}
    folder = tmp_path / "demo"
    return main, folder / result, folder / state.format(**first)


def test_single_signals_continue_it(alone):
    main, _, checkpoint = alone
    check_continued(checkpoint, main)


def test_single_signals_are_written_by_one_process_at_a_time(alone):
    main, result, _ = alone
    with written_here(result), pytest.raises(SystemExit, match="is writing it; wait for it"):
        main()
    assert not result.exists()


def test_a_result_of_two_settings_says_where_the_second_began(encoded_copy, monkeypatch):
    def longer(scale):
        fit = scale["datasets"][SHAPES.dataset]["overrides"]["lift"]["fit"]
        fit.update(steps=6, schedule="constant")

    before = read_result(SHAPES.cell(encoded_copy) / "fit.json")
    edit(encoded_copy, longer)
    SHAPES.run(monkeypatch, encoded_copy, "fit", "--resume-anyway")
    result = read_result(SHAPES.cell(encoded_copy) / "fit.json")
    notes = {(one.name, one.note) for one in result.metrics}
    assert ("psnr", "continued at step 4 with other fit.steps, fit.schedule") in notes
    assert {one.note for one in before.metrics if one.name == "psnr"} == {""}
