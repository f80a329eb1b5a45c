"""Latents on disk."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given

from lift.functaset import FunctasetError, open_functaset, write_functaset
from tests.benchmarks.datasets.damage import ALWAYS_THE_SAME, damage


def batches(count, seed=0):
    generator = torch.Generator().manual_seed(seed)
    latents = {
        "global": torch.randn(count, 1, 1, 4, generator=generator),
        "local": 3 + 2 * torch.randn(count, 8, 8, 2, generator=generator),
    }
    return latents, (
        {name: z[first : first + 5] for name, z in latents.items()} for first in range(0, count, 5)
    )


def test_latents_come_back_with_their_statistics(tmp_path):
    (train, train_batches), (test, test_batches) = batches(12), batches(7, seed=1)
    splits = {"train": (12, train_batches), "test": (7, test_batches)}
    write_functaset(tmp_path / "functaset", splits, "abc")
    functaset = open_functaset(tmp_path / "functaset", "abc")
    for name in train:
        assert torch.equal(functaset.latent("test", np.array([6, 0]))[name], test[name][[6, 0]])
        flat = train[name].reshape(-1, train[name].shape[-1])
        assert torch.allclose(functaset.mean[name], flat.mean(0), atol=1e-6)
        assert torch.allclose(functaset.std[name], flat.std(0), atol=1e-5)
        assert isinstance(functaset.splits["train"][name], np.memmap)


def test_latents_of_other_weights_are_refused(tmp_path):
    write_functaset(tmp_path / "f", {"train": (5, batches(5)[1])}, "abc")
    with pytest.raises(FunctasetError, match="latents of another field"):
        open_functaset(tmp_path / "f", "abd")


def test_a_link_to_another_disk_stays_one(tmp_path):
    (tmp_path / "large").mkdir()
    link = tmp_path / "functaset"
    link.symlink_to(tmp_path / "large")
    for weights in ("abc", "abd"):
        write_functaset(link, {"train": (5, batches(5)[1])}, weights)
        assert open_functaset(link, weights).field_sha256 == weights
    assert link.is_symlink()


def test_a_stop_while_a_functaset_replaces_another_leaves_one(tmp_path, monkeypatch):
    write_functaset(tmp_path / "f", {"train": (5, batches(5)[1])}, "abc")
    rename = Path.rename

    def stopped(self, target):
        rename(self, target)
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "rename", stopped)
    with pytest.raises(KeyboardInterrupt):
        write_functaset(tmp_path / "f", {"train": (5, batches(5)[1])}, "abd")
    assert open_functaset(tmp_path / ".f.replaced", "abc").splits["train"]


def test_a_missing_latent_leaves_nothing_behind(tmp_path):
    with pytest.raises(FunctasetError, match="train has 5 latents, expected 6"):
        write_functaset(tmp_path / "f", {"train": (6, batches(5)[1])}, "abc")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_latent_that_is_not_finite_is_named_and_nothing_is_stored(tmp_path, value):
    latents, _ = batches(12)
    latents["local"][8, 3, 2, 1] = value
    parts = ({name: z[first : first + 5] for name, z in latents.items()} for first in (0, 5, 10))
    with pytest.raises(FunctasetError, match=r"train\.local: the latent of signal 8 holds NaN or"):
        write_functaset(tmp_path / "f", {"train": (12, parts)}, "abc")
    assert list(tmp_path.iterdir()) == []


def test_a_truncated_array_is_one_clear_error(tmp_path):
    write_functaset(tmp_path / "f", {"train": (5, batches(5)[1])}, "abc")
    path = tmp_path / "f" / "train.local.npy"
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(FunctasetError, match=r"train\.local\.npy: damaged"):
        open_functaset(tmp_path / "f", "abc")


@pytest.mark.parametrize("name", ["train.global.npy", "functaset.json"])
def test_damaged_bytes_give_the_named_error_or_latents_of_the_promised_shape(tmp_path, name):
    write_functaset(tmp_path / "f", {"train": (5, batches(5)[1])}, "abc")
    path, whole = tmp_path / "f" / name, np.empty((5, 1, 1, 4))

    @ALWAYS_THE_SAME
    @given(damage(path.read_bytes()))
    def try_it(content):
        path.write_bytes(content)
        try:
            found = open_functaset(tmp_path / "f", "abc").splits
        except FunctasetError as error:
            said = str(error)
        else:
            latents = found.get("train", {}).get("global", whole)
            assert (latents.shape, latents.dtype.kind) == (whole.shape, "f")
            return
        assert str(tmp_path / "f") in said
        assert "\n" not in said

    try_it()


def test_a_functaset_that_is_not_there_says_so(tmp_path):
    with pytest.raises(FunctasetError, match="no such file; encode first"):
        open_functaset(tmp_path / "f", "abc")
