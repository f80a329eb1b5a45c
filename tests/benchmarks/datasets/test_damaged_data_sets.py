"""Prepared data sets, lists of hashes and labels after damage: refused, or what they were."""

import hashlib

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from benchmarks.datasets.dataset import open_prepared
from benchmarks.datasets.location import hashes
from benchmarks.datasets.raw import Raw, RawSplit
from benchmarks.datasets.store import checked_labels, prepare

from .damage import ALWAYS_THE_SAME, check, damage
from .tiny import config, noise

CIFAR = config("cifar10")
PREPARED = ["manifest.json", "train.npy", "test.labels.npy", "test.npy"]


@pytest.fixture(autouse=True)
def subnormal_numbers():
    """Code that a test before compiled may have set this thread to round them to zero."""
    torch.set_flush_denormal(False)


@pytest.mark.parametrize("name", PREPARED)
def test_a_damaged_prepared_data_set_is_named_or_opens(tmp_path, name):
    labelled = RawSplit.of(noise(4, 8), np.arange(4))
    prepare(config("cifar10", 8), Raw(labelled, labelled, "rule", tuple("abcd")), tmp_path)
    path = tmp_path / name

    @ALWAYS_THE_SAME
    @given(damage(path.read_bytes()))
    def attempt(content: bytes) -> None:
        path.write_bytes(content)
        check(tmp_path.name, lambda: len(open_prepared(tmp_path).train) == 4)

    attempt()


def test_a_damaged_list_of_hashes_is_named_or_read(tmp_path):
    (tmp_path / "a.bin").write_bytes(b"x")
    digest = hashlib.sha256(b"x").hexdigest()
    sums = tmp_path / "SHA256SUMS"

    @ALWAYS_THE_SAME
    @given(damage(f"{digest}  ./a.bin\n{digest} *b.bin\n".encode()))
    def attempt(content: bytes) -> None:
        sums.write_bytes(content)
        check(tmp_path.name, lambda: hashes(tmp_path, [tmp_path / "a.bin"]) == {"a.bin": digest})

    attempt()


@ALWAYS_THE_SAME
@given(
    arrays.arrays(
        st.sampled_from(["u1", "i8", "f4", "U3", "O", "?", "c8", "M8[s]"]).map(np.dtype),
        arrays.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=4),
    )
)
def test_labels_of_any_kind_are_refused_or_stored_as_they_are(labels):
    split = RawSplit(3, lambda start: iter([]), labels)

    def outcome() -> bool:
        stored = checked_labels(CIFAR, split, 4, "train")
        return stored.dtype == np.uint8 and np.array_equal(stored, labels)

    check("cifar10", outcome)
