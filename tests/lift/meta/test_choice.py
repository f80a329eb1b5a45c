"""The way to take a meta-step, chosen by timing."""

from functools import partial
from pathlib import Path

import pytest
import torch

from lift.checkpoint import load_tensors
from lift.meta import choice, training
from lift.meta import config as fit_config
from lift.meta.choice import Choice, candidates, fastest
from lift.meta.inner_loop import EAGER
from lift.meta.whole_step import whole_step
from tests.lift.fields import small_lift
from tests.lift.meta.test_training import config, run


def recorded(directory: Path) -> str:
    return load_tensors(directory / "field.safetensors")[1]["meta_step"]


def never(*_: object) -> Choice:
    raise AssertionError("nothing was to be measured")


def test_candidates_hold_no_more_than_was_configured():
    # A chunk of 4 of 16 signals, unrolled through 3 + 1 evaluations, is as much as 16 replayed.
    assert set(candidates(16, 3, "exact-low-memory")) == {
        Choice("exact-low-memory", False),
        Choice("exact-low-memory", True),
        Choice("exact", False, 1),
        Choice("exact", False, 4),
        Choice("exact", True, 4),
    }
    assert {Choice("exact", True), Choice("exact", True, 8)} <= set(candidates(16, 3, "exact"))
    assert not any(way.order == "exact" for way in candidates(2, 3, "exact-low-memory"))
    assert {way.order for way in candidates(16, 3, "first-order")} == {"first-order"}


@pytest.mark.parametrize("order", ["exact", "exact-low-memory"])
def test_every_candidate_is_tried(monkeypatch, capsys, order):
    monkeypatch.setattr(choice, "compiled_kernels", lambda: EAGER)  # compiling takes long
    monkeypatch.setattr(choice, "whole_step", partial(whole_step, compiled=False))
    field = small_lift()
    query, values = field.locate(field.domain.grid()), torch.rand(4, 64, 3)
    chosen = fastest(field, query, values, 1, order, repeats=1)
    said = capsys.readouterr().out.splitlines()
    assert len(said) == len(candidates(4, 1, order))
    assert sum(line.endswith("(chosen)") for line in said) == 1
    assert all(parameter.grad is None for parameter in field.parameters())
    assert any(f"meta-step {chosen}:" in line for line in said)


def test_a_short_training_does_not_compile(tmp_path, monkeypatch):
    monkeypatch.setattr(training, "fastest", never)
    run(tmp_path, config(steps=5, compile="auto"))
    assert recorded(tmp_path) == "exact-low-memory eager"


def test_a_continued_training_keeps_its_choice(tmp_path, monkeypatch):
    monkeypatch.setattr(fit_config, "COMPILING_PAYS", 5)
    monkeypatch.setattr(training, "fastest", lambda *_: Choice("exact", False))
    settings = config(steps=5, compile="auto", order="exact")
    run(tmp_path, settings)
    monkeypatch.setattr(training, "fastest", never)
    (tmp_path / "field.safetensors").unlink()
    run(tmp_path, settings)
    assert recorded(tmp_path) == "exact eager"


@pytest.mark.parametrize("way", [Choice("exact-low-memory", False), Choice("exact", False, 2)])
def test_trainings_do_not_depend_on_the_choice_but_for_rounding(tmp_path, monkeypatch, way):
    whole = run(tmp_path / "plain", config(steps=10, order="exact"))
    monkeypatch.setattr(training, "choose", lambda *_: way)
    other = run(tmp_path / "chosen", config(steps=10, order="exact"))
    assert other[-1]["loss"] == pytest.approx(whole[-1]["loss"], rel=1e-4)
