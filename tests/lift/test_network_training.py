"""The loop of stage 2: its optimiser and schedules in closed form, and exact resumption."""

import math
from pathlib import Path

import pytest
import torch
from pydantic import ValidationError
from safetensors.torch import load_file
from torch import nn

from lift import network_training
from lift.checkpoint import Checkpoint, described, load_metadata
from lift.diffusion.unet import CellLinear
from lift.muon import Muon
from lift.network_training import TrainingConfig, moving_average, optimizers_of, train
from lift.progress import TrainingDivergedError
from lift.sampling import batch_indices

INPUTS = torch.randn(64, 4, generator=torch.Generator().manual_seed(1))
TARGETS = INPUTS @ torch.randn(4, 2, generator=torch.Generator().manual_seed(2))


def config(**changes: object) -> TrainingConfig:
    settings = {
        "batch": 16,
        "steps": 40,
        "rate": 1e-2,
        "schedule": "cosine",
        "average": 0.99,
        "log_every": 5,
        "validate_every": 20,
        "checkpoint_seconds": 0.01,
    }
    return TrainingConfig.model_validate({**settings, **changes})


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(4, 16), nn.LayerNorm(16), nn.SiLU(), nn.Dropout(0.2), nn.Linear(16, 2)
    )


def noisy_regression(model: nn.Module, step: int) -> torch.Tensor:
    chosen = batch_indices(step, 16, len(INPUTS), seed=0)
    noise = 0.01 * torch.randn(len(chosen), 2)
    return (model(INPUTS[chosen]) - TARGETS[chosen] - noise).square().mean()


def held_out(model: nn.Module, step: int) -> dict[str, float]:
    with torch.no_grad():
        return {"error": (model(INPUTS) - TARGETS).square().mean().item()}


def run(
    directory: Path,
    settings: TrainingConfig,
    loss=noisy_regression,
    identity: str = "a",
    code: str = "",
    resume_anyway: bool = False,
):
    path = directory / "net_checkpoint.safetensors"
    return train(
        network(),
        loss,
        held_out,
        settings,
        checkpoint=Checkpoint(path, {"name": identity}, code, resume_anyway=resume_anyway),
        name="net",
        seed=0,
    )


def test_training_lowers_the_error(tmp_path):
    trained = run(tmp_path, config(steps=400, average=None))
    assert held_out(trained.network, 0)["error"] < 0.2 * TARGETS.var()
    assert trained.curve[-1]["error"] == held_out(trained.network, 0)["error"]
    assert trained.curve[-1]["signals"] == 400 * 16


def test_a_batch_is_no_larger_than_what_there_is():
    assert config(batch=16).among(5).batch == 5
    assert config(batch=16).among(50) == config(batch=16)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"average": None, "clip": 0.1},
        {"precision": "bfloat16", "warmup": 7},
        {"muon_rate": 1e-2, "weight_decay": 0.1},
    ],
)
def test_a_resumed_run_equals_an_uninterrupted_one(tmp_path, changes, monkeypatch):
    whole = run(tmp_path / "whole", config(**changes))

    class Killed(Exception):
        pass

    original = network_training.factor

    def killed_at_step_33(schedule, step, *steps, **more):
        if step == 33:
            raise Killed
        return original(schedule, step, *steps, **more)

    monkeypatch.setattr(network_training, "factor", killed_at_step_33)
    with pytest.raises(Killed):
        run(tmp_path / "parts", config(**changes))
    assert (tmp_path / "parts" / "net_checkpoint.safetensors").exists()
    monkeypatch.undo()
    parts = run(tmp_path / "parts", config(**changes))

    first, second = (load_file(tmp_path / d / "net.safetensors") for d in ("whole", "parts"))
    assert all(torch.equal(first[name], second[name]) for name in first)
    for one, other in zip(whole.curve, parts.curve, strict=True):
        assert {**one, "seconds": 0} == {**other, "seconds": 0}


def test_finished_weights_are_read_and_not_trained_again(tmp_path):
    first = run(tmp_path, config())

    def must_not_run(model, step):
        raise AssertionError("trained again")

    again = run(tmp_path, config(), loss=must_not_run)
    assert again.curve == first.curve
    for one, other in zip(first.network.parameters(), again.network.parameters(), strict=True):
        assert torch.equal(one, other)
    with pytest.raises(AssertionError, match="trained again"):
        run(tmp_path, config(), loss=must_not_run, identity="b")


def test_finished_weights_of_other_code_are_read_and_it_is_said(tmp_path, capsys):
    first = run(tmp_path, config(steps=5), code="1")
    assert run(tmp_path, config(steps=5), code="2").curve == first.curve
    assert "net.safetensors: code changed since (1, now 2)" in capsys.readouterr().out


def test_finished_weights_of_other_settings_are_moved_aside_and_said(tmp_path, capsys):
    run(tmp_path, config(steps=5), identity="a")
    kept = (tmp_path / "net.safetensors").read_bytes()
    run(tmp_path, config(steps=5, rate=2e-2), identity="b")
    assert (tmp_path / "net.aside1.safetensors").read_bytes() == kept
    assert load_metadata(tmp_path / "net.safetensors")["identity"] == {"name": "b"}
    said = capsys.readouterr().out
    assert "net.safetensors: made with other settings (name a, now b); kept as net.aside1" in said


def test_a_network_of_two_settings_says_where_the_second_began(tmp_path):
    def killed(model, step):
        if step == 8:
            raise KeyboardInterrupt
        return noisy_regression(model, step)

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, config(checkpoint_seconds=0), loss=killed)
    expected = [{"step": 8, "differences": ["name a, now b"]}]
    trained = run(tmp_path, config(batch=8), identity="b", resume_anyway=True)
    assert trained.continued == expected
    assert trained.curve[-1]["signals"] == 8 * 16 + 32 * 8
    assert run(tmp_path, config(batch=8), identity="b").continued == expected
    assert described(expected) == "continued at step 8 with other name"


def test_a_training_of_seconds_leaves_weights_and_a_curve_and_no_checkpoint(tmp_path):
    run(tmp_path, config(checkpoint_seconds=60))
    assert {path.name for path in tmp_path.iterdir()} == {"net.safetensors", "net_curve.csv"}
    lines = (tmp_path / "net_curve.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "step,signals,seconds,loss,rate,gradient_norm,error"
    assert len(lines) == 1 + 40 // 5
    assert lines[1].endswith(",")  # not validated at step 5


def test_weight_decay_shrinks_matrices_alone():
    # AdamW without a gradient multiplies what it decays by 1 - rate x decay.
    model = nn.Sequential(network(), CellLinear((2, 2), 3, 3))
    nn.init.constant_(model[0][0].bias, 3.0)
    nn.init.constant_(model[1].bias, 3.0)  # (4, 1, 3): a bias a cell
    before = {name: p.clone() for name, p in model.named_parameters()}
    (optimizer,) = optimizers_of(model, config(rate=0.1, weight_decay=0.5))
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    for name, parameter in model.named_parameters():
        matrix = name.endswith("weight") and parameter.ndim > 1
        factor = 0.95 if matrix else 1.0
        torch.testing.assert_close(parameter, factor * before[name], msg=name)


def test_muon_takes_matrices_kernels_and_stacks_in_adams_scale():
    # Every singular direction moves by 0.2 sqrt(max(m, n)) times the rate, within Newton-Schulz's
    # tolerance; a bias by Adam's first step, which is its rate.
    model = nn.Sequential(
        nn.Linear(4, 16),
        nn.Conv2d(3, 8, 3),
        CellLinear((2, 2), 4, 4),
        nn.Linear(5, 4, dtype=torch.cfloat),
    )
    before = {name: p.clone() for name, p in model.named_parameters()}
    optimizers = optimizers_of(model, config(rate=0.01, muon_rate=0.1))
    for parameter in model.parameters():
        parameter.grad = torch.randn_like(parameter)
    for optimizer in optimizers:
        optimizer.step()
    moved = {name: before[name] - p.detach() for name, p in model.named_parameters()}
    for name, sides in (
        ("0.weight", (16, 4)),
        ("1.weight", (8, 27)),
        ("2.weight", (4, 4)),
        ("3.weight", (4, 5)),
    ):
        reals = 2 if moved[name].is_complex() else 1
        expected = 0.02 * (reals * max(sides)) ** 0.5
        lengths = torch.linalg.svdvals(moved[name].reshape(-1, *sides)) / expected
        assert 0.6 < lengths.median() < 1.3, name
        assert lengths.max() < 1.3, name
    for name in ("0.bias", "1.bias", "2.bias"):
        torch.testing.assert_close(moved[name].abs(), torch.full_like(moved[name], 0.01))


def test_maps_of_coordinates_and_to_colours_stay_adams():
    # Adam's first step is the rate, whatever the gradient.
    model = nn.Sequential(nn.Linear(2, 8), nn.Linear(8, 8), nn.Linear(8, 3))
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    for optimizer in optimizers_of(model, config(rate=0.01, muon_rate=0.1)):
        for parameter in model.parameters():
            parameter.grad = torch.randn_like(parameter)
        optimizer.step()
    moved = {name: (before[name] - p.detach()).abs() for name, p in model.named_parameters()}
    for name in ("0.weight", "2.weight"):
        torch.testing.assert_close(moved[name], torch.full_like(moved[name], 0.01))
    assert moved["1.weight"].std() > 1e-3


def test_muon_shrinks_matrices_as_adamw_does():
    model = network()
    before = model[0].weight.detach().clone()
    for optimizer in optimizers_of(model, config(rate=0.1, muon_rate=0.1, weight_decay=0.5)):
        for parameter in model.parameters():
            parameter.grad = torch.zeros_like(parameter)
        optimizer.step()
    torch.testing.assert_close(model[0].weight.detach(), before * (1 - 0.1 * 0.2 * 4 * 0.5))


def test_muon_trains_a_network_of_matrices_alone():
    model = nn.Linear(4, 4, bias=False)
    (optimizer,) = optimizers_of(model, config(muon_rate=0.1))
    assert isinstance(optimizer, Muon)


def test_the_average_follows_its_closed_form():
    # a_1 = w_1, then a = d a + (1 - d) w with d = min(0.5, (1 + n) / (10 + n)).
    model = nn.Linear(1, 1, bias=False)
    average = moving_average(model, 0.5)
    expected = 1.0
    for n, value in enumerate([1.0, 2.0, 4.0, 8.0, *[16.0] * 10]):
        nn.init.constant_(model.weight, value)
        average.update_parameters(model)
        if n:
            decay = min(0.5, (1 + n) / (10 + n))
            expected = decay * expected + (1 - decay) * value
        assert average.module.weight.item() == pytest.approx(expected, rel=1e-6)
    assert not any(p.requires_grad for p in average.parameters())


def test_the_average_is_what_is_kept_and_used(tmp_path):
    averaged = run(tmp_path / "average", config())
    plain = run(tmp_path / "plain", config(average=None))
    kept = load_file(tmp_path / "average" / "net.safetensors")
    assert torch.equal(kept["0.weight"], averaged.network[0].weight)
    assert not torch.equal(kept["0.weight"], plain.network[0].weight)


def test_a_schedule_without_its_end_is_refused():
    with pytest.raises(ValidationError, match="last_rate"):
        config(schedule="exponential")


def test_divergence_stops_with_its_step_and_the_settings_to_change(tmp_path):
    def exploding(model, step):
        return noisy_regression(model, step) * (math.inf if step == 7 else 1.0)

    with pytest.raises(TrainingDivergedError, match=r"net, step 7: loss inf.*Lower rate"):
        run(tmp_path, config(), loss=exploding)
    assert not (tmp_path / "net.safetensors").exists()
