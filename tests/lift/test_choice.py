"""The way to take a meta-step, chosen by timing."""

from pathlib import Path

import pytest
import torch

from lift import choice, training
from lift.checkpoint import load_tensors
from lift.choice import Choice, fastest
from lift.meta import EAGER
from tests.lift.fields import small_lift
from tests.lift.test_training import config, run


def recorded(directory: Path) -> str:
    return load_tensors(directory / "field.safetensors")[1]["meta_step"]


def never(*_: object) -> Choice:
    raise AssertionError("nothing was to be measured")


def test_memory_is_not_traded_for_speed_unasked(monkeypatch, capsys):
    monkeypatch.setattr(choice, "compiled_kernels", lambda: EAGER)  # compiling takes long
    field = small_lift()
    query, values = field.locate(field.domain.grid()), torch.rand(2, 64, 3)
    chosen = fastest(field, query, values, 1, "exact-low-memory", repeats=1)
    tried = capsys.readouterr().out
    assert chosen.order == "exact-low-memory"
    assert "meta-step exact-low-memory eager: " in tried
    assert "meta-step exact-low-memory compiled: " in tried
    assert "meta-step exact eager: " not in tried
    assert tried.count("(chosen)") == 1
    assert all(parameter.grad is None for parameter in field.parameters())


def test_a_short_training_does_not_compile(tmp_path, monkeypatch):
    monkeypatch.setattr(training, "fastest", never)
    run(tmp_path, config(steps=5, compile="auto"))
    assert recorded(tmp_path) == "exact-low-memory eager"


def test_a_continued_training_keeps_its_choice(tmp_path, monkeypatch):
    monkeypatch.setattr(training, "COMPILING_PAYS", 5)
    monkeypatch.setattr(training, "fastest", lambda *_: Choice("exact", False))
    settings = config(steps=5, compile="auto", order="exact")
    run(tmp_path, settings)
    monkeypatch.setattr(training, "fastest", never)
    (tmp_path / "field.safetensors").unlink()
    run(tmp_path, settings)
    assert recorded(tmp_path) == "exact eager"


@pytest.mark.parametrize("way", [Choice("exact", False), Choice("exact-low-memory", False)])
def test_trainings_do_not_depend_on_the_choice_but_for_rounding(tmp_path, monkeypatch, way):
    whole = run(tmp_path / "plain", config(steps=10, order="exact"))
    monkeypatch.setattr(training, "choose", lambda *_: way)
    other = run(tmp_path / "chosen", config(steps=10, order="exact"))
    assert other[-1]["loss"] == pytest.approx(whole[-1]["loss"], rel=1e-4)
