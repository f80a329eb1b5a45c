"""The outer loop: it learns, it resumes exactly, it stops clearly."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from lift import checkpoint
from lift.checkpoint import Checkpoint, CheckpointError, load_metadata
from lift.interrupt import Interrupted
from lift.meta import step as outer
from lift.meta.config import FitConfig
from lift.meta.labels import LatentClassifier, attach
from lift.meta.training import fit
from lift.progress import TrainingDivergedError
from tests.lift.fields import small_lift


class Waves:
    """Images of one sine wave each, of random direction and phase: easy, and not constant."""

    def __init__(self, count: int, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        row, column = np.indices((8, 8)) / 8
        angle, phase = rng.uniform(0, 2 * np.pi, (2, count, 1, 1))
        wave = np.sin(4 * (np.cos(angle) * row + np.sin(angle) * column) + phase)
        images = np.repeat(0.5 + 0.4 * wave[..., None], 3, axis=-1)
        self.values = torch.tensor(images, dtype=torch.float32).reshape(count, 64, 3)

    def __len__(self) -> int:
        return len(self.values)

    def batch(self, indices: np.ndarray) -> torch.Tensor:
        return self.values[indices]


def config(**changes: object) -> FitConfig:
    settings = {
        "inner_steps": 2,
        "gradient": "replayed",
        "batch": 8,
        "steps": 60,
        "rate": 3e-3,
        "schedule": "cosine",
        "clip": 1.0,
        "latent_noise": 0.0,
        "stride": 1,
        "log_every": 5,
        "validate_every": 20,
        "checkpoint_seconds": 0.01,
    }
    return FitConfig.model_validate({**settings, **changes})


def run(
    directory: Path,
    settings: FitConfig,
    identity: str = "a",
    train: Waves | None = None,
    validation: Waves | None = None,
    resume_anyway: bool = False,
    **field: object,
):
    path = directory / "checkpoint.safetensors"
    return fit(
        small_lift(smoothness_weight=0.0, **{"inner_rates": {"start": 3.0}, **field}),
        train or Waves(64),
        validation or Waves(16, seed=1),
        settings,
        checkpoint=Checkpoint(path, {"name": identity}, resume_anyway=resume_anyway),
        seed=0,
    )


def test_training_beats_the_mean_image_clearly(tmp_path):
    values = Waves(16, seed=1).values
    mean_image = -10 * (values - Waves(64).values.mean(0)).square().mean().log10().item()
    curve = run(tmp_path, config(steps=150, rate=1e-3))
    assert curve[-1]["validation_psnr"] > mean_image + 8  # 10.3 to 10.7 over seeds


@pytest.mark.parametrize("changes", [{}, {"stride": 2, "latent_noise": 1e-2, "clip": None}])
def test_a_resumed_run_equals_an_uninterrupted_one(tmp_path, changes, monkeypatch):
    whole = run(tmp_path / "whole", config(**changes))

    class Killed(Exception):
        pass

    original = outer.factor

    def killed_at_step_33(schedule, step, *steps, **more):
        if step == 33:
            raise Killed
        return original(schedule, step, *steps, **more)

    monkeypatch.setattr(outer, "factor", killed_at_step_33)
    with pytest.raises(Killed):
        run(tmp_path / "parts", config(**changes))
    monkeypatch.undo()
    parts = run(tmp_path / "parts", config(**changes))

    first, second = (load_file(tmp_path / d / "field.safetensors") for d in ("whole", "parts"))
    assert all(torch.equal(first[name], second[name]) for name in first)
    for one, other in zip(whole, parts, strict=True):
        assert {**one, "seconds": 0} == {**other, "seconds": 0}


def test_a_finished_run_puts_back_a_curve_that_was_lost_or_changed(tmp_path):
    curve = tmp_path / "curve.csv"
    rows = run(tmp_path, config(steps=6))
    written = curve.read_bytes()
    curve.write_text("of another training", encoding="utf-8")
    assert run(tmp_path, config(steps=6)) == rows
    assert curve.read_bytes() == written


def test_a_run_killed_by_the_system_continues_to_the_same_weights(tmp_path):
    program = (
        "import sys; from pathlib import Path;"
        "from tests.lift.meta.test_training import run, config;"
        "run(Path(sys.argv[1]), config(steps=400))"
    )
    command = [sys.executable, "-c", program]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    checkpoint = tmp_path / "killed" / "checkpoint.safetensors"
    process = subprocess.Popen([*command, str(checkpoint.parent)], env=environment)
    while not checkpoint.exists() and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not (tmp_path / "killed" / "field.safetensors").exists()
    for folder in ("killed", "whole"):
        subprocess.run([*command, str(tmp_path / folder)], env=environment, check=True)
    killed, whole = (load_file(tmp_path / d / "field.safetensors") for d in ("killed", "whole"))
    assert all(torch.equal(killed[name], whole[name]) for name in whole)


def test_what_a_kill_left_of_an_unfinished_save_is_removed(tmp_path):
    run(tmp_path, config(steps=5))
    left = tmp_path / ".checkpoint.safetensors.1234567.unfinished"
    left.write_bytes(b"half of it")
    run(tmp_path, config(steps=10))
    assert not left.exists()


def test_a_checkpoint_of_other_settings_is_moved_aside_and_said(tmp_path, capsys):
    run(tmp_path, config(steps=10), identity="a")
    kept = (tmp_path / "checkpoint.safetensors").read_bytes()
    curve = run(tmp_path, config(steps=5), identity="b")
    assert [row["step"] for row in curve] == [5]
    assert (tmp_path / "checkpoint.aside1.safetensors").read_bytes() == kept
    assert "made with other settings (name a, now b); kept as" in capsys.readouterr().out


def test_a_checkpoint_of_other_settings_is_continued_when_asked(tmp_path, capsys):
    run(tmp_path, config(steps=10), identity="a")
    curve = run(tmp_path, config(steps=15), identity="b", resume_anyway=True)
    assert [row["step"] for row in curve] == [5, 10, 15]
    assert "continuing at step 10" in capsys.readouterr().out


def test_weights_of_several_settings_say_where_each_began(tmp_path):
    run(tmp_path, config(steps=10), identity="a")
    run(tmp_path, config(steps=15), identity="b", resume_anyway=True)
    run(tmp_path, config(steps=20), identity="b", resume_anyway=True)  # as it was
    run(tmp_path, config(steps=25), identity="c", resume_anyway=True)
    again = run(tmp_path, config(steps=25), identity="c")
    assert again[-1]["step"] == 25
    metadata = load_metadata(tmp_path / "field.safetensors")
    assert metadata["identity"] == {"name": "c"}
    assert metadata["continued"] == [
        {"step": 10, "differences": ["name a, now b"]},
        {"step": 20, "differences": ["name b, now c"]},
    ]


def test_signals_are_counted_where_a_training_goes_on_with_another_batch(tmp_path):
    run(tmp_path, config(steps=8, batch=4, log_every=3))
    curve = run(tmp_path, config(steps=12, batch=8, log_every=3))
    assert [(row["step"], row["signals"]) for row in curve] == [
        (3, 12),
        (6, 24),
        (8, 32),
        (9, 40),
        (12, 64),
    ]


def test_settings_that_only_watch_are_none_of_the_identity():
    watching = {"log_every": 7, "validate_every": 9, "checkpoint_seconds": 1, "snapshots": True}
    assert config(**watching).identity() == config().identity()
    assert config(rate=1e-4).identity() != config().identity()


def test_validation_happens_at_its_own_multiples_and_at_the_end(tmp_path):
    curve = run(tmp_path, config(steps=32, log_every=10, validate_every=15))
    assert [row["step"] for row in curve] == [10, 15, 20, 30, 32]
    validated = [row["step"] for row in curve if row["validation_psnr"] is not None]
    assert validated == [15, 30, 32]


@pytest.mark.parametrize("step", [34, 60])
def test_a_signal_saves_the_step_reached_and_the_rest_is_as_if_nothing_had_been(tmp_path, step):
    whole = run(tmp_path / "whole", config())

    class Signalled(Waves):
        def batch(self, indices):
            self.batches = getattr(self, "batches", 0) + 1
            if self.batches == step:
                signal.raise_signal(signal.SIGTERM)
            return super().batch(indices)

    settings = config(checkpoint_seconds=1e9)
    with pytest.raises(Interrupted, match=f"step {step} of 60 is kept"):
        run(tmp_path / "parts", settings, train=Signalled(64))
    parts = run(tmp_path / "parts", settings)
    first, second = (load_file(tmp_path / d / "field.safetensors") for d in ("whole", "parts"))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert [{**row, "seconds": 0} for row in parts] == [{**row, "seconds": 0} for row in whole]


def test_a_validation_that_is_not_finite_stops_the_training(tmp_path):
    broken = Waves(16, seed=1)
    broken.values[3, 5] = float("nan")
    with pytest.raises(TrainingDivergedError, match=r"step 4: validation_psnr nan"):
        run(tmp_path, config(steps=5), validation=broken)
    assert not (tmp_path / "field.safetensors").exists()


def test_a_training_that_collapses_stops_before_it_saves_what_is_left(tmp_path):
    class Breaking(Waves):
        def batch(self, indices):
            self.batches = getattr(self, "batches", 0) + 1
            return super().batch(indices) + (50.0 if self.batches > 40 else 0.0)

    with pytest.raises(TrainingDivergedError, match=r"step 4\d: .* dB after .* --resume-anyway"):
        run(tmp_path, config(), train=Breaking(64))
    curve = run(tmp_path, config(steps=60))
    assert curve[-1]["step"] == 60


class TwoKinds(Waves):
    """Waves with a class each; ``killed`` is the batch at whose reading the process ends."""

    labels = np.arange(64) % 2

    def __init__(self, killed: int | None = None) -> None:
        super().__init__(64)
        self.killed, self.batches = killed, 0

    def batch(self, indices):
        self.batches += 1
        if self.batches == self.killed:
            raise KeyboardInterrupt
        return super().batch(indices)


class DroppingHead(nn.Module):
    """Scores of the global latent, of which a random half is dropped."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(5, 2)

    def forward(self, latent):
        flat = latent["global"].flatten(1)
        return self.layer(nn.functional.dropout(flat, 0.5, self.training))


def test_a_resumed_run_with_dropout_in_its_classifier_equals_an_uninterrupted_one(tmp_path):
    labels = {"weight": 1.0, "head": "mlp"}
    settings = config(steps=6, labels=labels, checkpoint_seconds=0, validate_every=6)

    def run(folder: str, killed: int | None = None) -> dict[str, torch.Tensor]:
        field, path = small_lift(), tmp_path / folder / "checkpoint.safetensors"
        attach(field, LatentClassifier(DroppingHead(), 1.0))
        signals = TwoKinds(killed), Waves(16, seed=1)
        fit(field, *signals, settings, checkpoint=Checkpoint(path, {}), seed=0)
        return field.state_dict()

    whole = run("whole")
    with pytest.raises(KeyboardInterrupt):
        run("parts", killed=4)
    parts = run("parts")
    assert all(torch.equal(whole[name], parts[name]) for name in whole)


TIED = {"tied_steps": 20, "rates_rate": 0.05, "muon_rate": 1e-3, "warmup": 5}
LEARNED = {"start": 3.0, "learned": "coordinate", "steps": 2, "logarithm": True}


@pytest.mark.parametrize("kill", [13, 21, 33])  # tied, at the moment of untying, and untied
def test_a_resumed_run_of_the_whole_recipe_equals_an_uninterrupted_one(tmp_path, kill):
    class Killed(Exception):
        pass

    class Killing(Waves):
        def batch(self, indices):
            self.batches = getattr(self, "batches", 0) + 1
            if self.batches == kill:
                raise Killed
            return super().batch(indices)

    settings, field = config(**TIED), {"inner_rates": LEARNED, "open_start": True}
    run(tmp_path / "whole", settings, **field)
    with pytest.raises(Killed):
        run(tmp_path / "parts", settings, train=Killing(64), **field)
    run(tmp_path / "parts", settings, **field)
    first, second = (load_file(tmp_path / d / "field.safetensors") for d in ("whole", "parts"))
    assert first["local_mlps.weights.1"].shape == (16, 8, 8)
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize(("before", "after"), [(5, 20), (20, 5)])
def test_a_state_is_tied_as_it_was_saved_whatever_is_asked_now(tmp_path, before, after):
    field = {"inner_rates": LEARNED, "open_start": True}
    run(tmp_path, config(**{**TIED, "tied_steps": before, "steps": 8}), **field)
    asked = config(**{**TIED, "tied_steps": after, "steps": 24})
    run(tmp_path, asked, identity="b", resume_anyway=True, **field)
    weights = load_file(tmp_path / "field.safetensors")["local_mlps.weights.1"]
    assert not torch.equal(weights, weights[:1].expand_as(weights))


@pytest.mark.parametrize(("before", "after"), [(1e-3, None), (None, 1e-3)])
def test_a_training_goes_on_with_muon_or_without_it(tmp_path, before, after):
    for muon_rate, steps in ((before, 5), (after, 10)):
        settings = config(muon_rate=muon_rate, steps=steps)
        curve = run(tmp_path, settings, identity=str(muon_rate), resume_anyway=True)
    assert [row["step"] for row in curve] == [5, 10]


def test_weights_may_be_kept_in_half_of_their_size_and_are_then_what_is_used(tmp_path):
    field, path = small_lift(), tmp_path / "checkpoint.safetensors"
    settings = config(steps=5, kept="float16")
    checkpoint = Checkpoint(path, {})
    fit(field, Waves(64), Waves(16, seed=1), settings, checkpoint=checkpoint, seed=0)
    kept = load_file(tmp_path / "field.safetensors")
    assert {tensor.dtype for tensor in kept.values()} == {torch.float16}
    assert all(torch.equal(kept[name].float(), w) for name, w in field.state_dict().items())


def test_weights_of_a_training_that_stays_tied_have_every_region(tmp_path):
    run(tmp_path, config(steps=10, tied_steps=10, snapshots=True, validate_every=5))
    for kept in ("field.safetensors", "snapshots/5.safetensors"):
        weights = load_file(tmp_path / kept)["local_mlps.weights.1"]
        assert weights.shape == (16, 8, 8)
        assert torch.equal(weights, weights[:1].expand_as(weights))


@pytest.mark.parametrize("tied_steps", [0, 10])
def test_a_finished_run_is_not_trained_again(tmp_path, tied_steps):
    settings = config(steps=10, tied_steps=tied_steps)
    first = run(tmp_path, settings)
    weights = load_file(tmp_path / "field.safetensors")
    assert run(tmp_path, settings) == first
    again = load_file(tmp_path / "field.safetensors")
    assert all(torch.equal(weights[name], again[name]) for name in weights)


def test_divergence_stops_with_the_step_and_what_to_lower(tmp_path):
    with pytest.raises(TrainingDivergedError, match=r"step \d+: .*Lower fit\.rate \(now 1e\+30\)"):
        run(tmp_path, config(rate=1e30, clip=None))
    assert not (tmp_path / "field.safetensors").exists()


@pytest.mark.parametrize("damage", [b"", b"garbage", None])
def test_a_corrupt_checkpoint_is_one_clear_error(tmp_path, damage):
    run(tmp_path, config(steps=5))
    path = tmp_path / "checkpoint.safetensors"
    path.write_bytes(path.read_bytes()[:-100] if damage is None else damage)
    with pytest.raises(CheckpointError, match=r"checkpoint\.safetensors: not a readable"):
        run(tmp_path, config(steps=5))


def test_a_full_disk_leaves_nothing_half_written(tmp_path, monkeypatch):
    run(tmp_path, config(steps=5))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def no_space(tensors, path, metadata):
        path.write_bytes(b"half of a file")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint, "save_file", no_space)
    with pytest.raises(OSError, match=r"checkpoint\.safetensors could not be written: No space"):
        run(tmp_path, config(steps=10))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_unknown_settings_are_refused():
    with pytest.raises(ValueError, match="learning_rate"):
        config(learning_rate=1.0)
