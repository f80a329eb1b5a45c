import json
import subprocess
import sys
from functools import partial

import numpy as np
import pytest
from filelock import FileLock

from benchmarks.datasets.dataset import open_prepared
from benchmarks.datasets.errors import DatasetError
from benchmarks.datasets.raw import Raw, RawSplit
from benchmarks.datasets.rows import journal_path, partial_path
from benchmarks.datasets.store import prepare, verify
from benchmarks.records.provenance import sha256

from .tiny import blobs, config, flat, noise

CIFAR = config("cifar10")
VOXELS = config("embedded-voxels", resolution=6)


def splits(train, test, labels=None):
    return Raw(RawSplit.of(train, labels), RawSplit.of(test, labels), "rule", sources={"a": "b"})


def test_images_come_back_exactly_between_zero_and_one(tmp_path):
    train, test = noise(20, 32), noise(5, 32, 1)
    prepare(CIFAR, splits(train, test), tmp_path)
    dataset = open_prepared(tmp_path)
    assert (len(dataset.train), len(dataset.test), dataset.classes) == (20, 5, ())
    np.testing.assert_array_equal(dataset.train.batch(np.array([3, 0])), flat(train[[3, 0]]))
    np.testing.assert_array_equal(dataset.test.batch([4]), flat(test[4:]))
    assert isinstance(dataset.train.signals, np.memmap)


def test_voxels_are_stored_as_bits_and_come_back_in_row_major_order(tmp_path):
    grids = blobs(7, 6)
    prepare(VOXELS, splits(grids, grids[:2]), tmp_path)
    dataset = open_prepared(tmp_path)
    assert dataset.train.signals.shape == (7, 27)
    np.testing.assert_array_equal(dataset.train.batch([6]), grids[6].reshape(1, -1, 1))


def test_a_subset_keeps_labels_beside_their_signals(tmp_path):
    train = noise(10, 32)
    raw = Raw(
        RawSplit.of(train, np.arange(10)),
        RawSplit.of(train, np.arange(10)),
        "rule",
        tuple("abcdefghij"),
    )
    prepare(CIFAR, raw, tmp_path)
    some = open_prepared(tmp_path).train.subset(4)
    assert some.labels.tolist() == [0, 3, 6, 9]
    assert some.subset([1, 2]).labels.tolist() == [3, 6]
    np.testing.assert_array_equal(some.subset([1, 2]).batch([1]), flat(train[6:7]))


def test_mean_and_deviation_are_those_of_the_training_split(tmp_path):
    train, grids = noise(20, 32), blobs(7, 6)
    images = prepare(CIFAR, splits(train, train[:1]), tmp_path / "images")
    np.testing.assert_allclose(images.mean, (train / 255).mean((0, 1, 2)), rtol=1e-12)
    np.testing.assert_allclose(images.std, (train / 255).std((0, 1, 2)), rtol=1e-12)
    voxels = prepare(VOXELS, splits(grids, grids[:1]), tmp_path / "voxels")
    np.testing.assert_allclose([voxels.mean, voxels.std], [[grids.mean()], [grids.std()]])


@pytest.mark.parametrize("resolution", [5, 6, 8])
def test_looking_bytes_up_equals_unpacking_their_bits(tmp_path, resolution):
    grids = blobs(9, resolution)
    prepare(config("embedded-voxels", resolution), splits(grids, grids), tmp_path)
    split = open_prepared(tmp_path).train
    unpacked = np.unpackbits(split.signals, axis=1, count=resolution**3)
    batch = split.batch(range(9))
    assert batch.is_contiguous() or resolution % 2
    np.testing.assert_array_equal(batch[..., 0], unpacked.astype(np.float32))


class Interrupted(Exception):
    pass


def reading(images, log, stop, start):
    """Chunks of two; breaks off before image ``stop``."""
    for first in range(start, len(images), 2):
        if first >= stop:
            raise Interrupted
        log.append(first)
        yield images[first : first + 2]


def interrupted(tmp_path, images, sources="b"):
    """Prepares until image 6 of 10, and gives the raw data that has no such flaw."""
    log = []
    flawed = Raw(
        RawSplit(10, partial(reading, images, [], 6)),
        RawSplit.of(images[:2]),
        "rule",
        sources={"a": "b"},
    )
    with pytest.raises(Interrupted):
        prepare(CIFAR, flawed, tmp_path)
    whole = RawSplit(10, partial(reading, images, log, 10))
    return Raw(whole, RawSplit.of(images[:2]), "rule", sources={"a": sources}), log


def test_an_interrupted_preparation_goes_on_where_it_stopped(tmp_path):
    images = noise(10, 32)
    raw, log = interrupted(tmp_path / "broken", images)
    with pytest.raises(DatasetError, match=r"manifest.json: no such file; prepare broken first"):
        open_prepared(tmp_path / "broken")
    resumed = prepare(CIFAR, raw, tmp_path / "broken")
    assert log == [6, 8]
    assert resumed == prepare(CIFAR, raw, tmp_path / "whole")
    assert not list((tmp_path / "broken").glob(".*.partial"))


def test_rows_of_other_sources_are_not_taken_up(tmp_path):
    raw, log = interrupted(tmp_path, noise(10, 32), sources="another hash")
    prepare(CIFAR, raw, tmp_path)
    assert log == [0, 2, 4, 6, 8]


@pytest.mark.parametrize("damage", ["a byte", "the end", "the journal"])
def test_damaged_partial_rows_are_not_taken_up(tmp_path, damage):
    images = noise(10, 32)
    raw, log = interrupted(tmp_path, images)
    partly = partial_path(tmp_path / "train.npy")
    content = bytearray(partly.read_bytes())
    if damage == "a byte":
        content[1000] ^= 1
        partly.write_bytes(content)
    elif damage == "the end":
        partly.write_bytes(content[:-1])
    else:
        journal_path(tmp_path / "train.npy").write_text("{", encoding="utf-8")
    prepare(CIFAR, raw, tmp_path)
    assert log == [0, 2, 4, 6, 8]
    np.testing.assert_array_equal(open_prepared(tmp_path).train.signals, images)


def test_rows_after_the_last_journal_are_written_again(tmp_path):
    """As a killed process leaves them."""
    images = noise(10, 32)
    raw, log = interrupted(tmp_path, images)
    with partial_path(tmp_path / "train.npy").open("ab") as file:
        file.write(b"x" * 5000)
    prepare(CIFAR, raw, tmp_path)
    assert log == [6, 8]
    np.testing.assert_array_equal(open_prepared(tmp_path).train.signals, images)


def test_a_failed_preparation_leaves_the_earlier_one_whole(tmp_path):
    images = noise(4, 32)
    prepare(CIFAR, splits(images, images), tmp_path)
    broken = Raw(
        RawSplit(10, partial(reading, noise(10, 32, 1), [], 6)), RawSplit.of(images), "rule"
    )
    with pytest.raises(Interrupted):
        prepare(CIFAR, broken, tmp_path)
    np.testing.assert_array_equal(open_prepared(tmp_path).train.signals, images)


def test_one_process_at_a_time(tmp_path):
    images = noise(2, 32)
    with (
        FileLock(tmp_path / ".lock"),
        pytest.raises(DatasetError, match="another process prepares it"),
    ):
        prepare(CIFAR, splits(images, images), tmp_path)


def test_wrong_counts_and_shapes_are_refused(tmp_path):
    images = noise(4, 32)
    for count, found in ((5, "4 signals, expected 5"), (3, "more than the 3 signals")):
        few = RawSplit(count, lambda start: iter([images]))
        with pytest.raises(DatasetError, match=found):
            prepare(CIFAR, Raw(few, few, "rule"), tmp_path)
    with pytest.raises(DatasetError, match=r"is uint8 \(16, 16, 3\), expected uint8 \(32, 32, 3\)"):
        prepare(CIFAR, splits(noise(2, 16), images), tmp_path)
    with pytest.raises(DatasetError, match=r"embedded-voxels: a grid is \(4, 4, 4\), expected"):
        prepare(VOXELS, splits(blobs(2, 4), blobs(2, 6)), tmp_path)
    labelled = RawSplit.of(images, np.array([0, 1, 2, 9]))
    with pytest.raises(DatasetError, match=r"labels from 0 to 9, expected 0 to 2"):
        prepare(CIFAR, Raw(labelled, labelled, "rule", ("a", "b", "c")), tmp_path)


def test_an_empty_split_is_refused(tmp_path):
    images = noise(4, 32)
    with pytest.raises(DatasetError, match="cifar10: no test signals, expected at least one"):
        prepare(CIFAR, splits(images, images[:0]), tmp_path)
    prepare(CIFAR, splits(images, images), tmp_path)
    manifest = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    manifest["counts"]["test"] = 0
    (tmp_path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(DatasetError, match=r"manifest.json: counts.test: .*greater than 0; got"):
        open_prepared(tmp_path)


def test_damage_to_a_prepared_data_set_is_named(tmp_path):
    images = noise(4, 32)
    path = tmp_path / "train.npy"

    def fresh():
        prepare(CIFAR, splits(images, images), tmp_path)
        return bytearray(path.read_bytes())

    path.write_bytes(fresh()[:-5])
    with pytest.raises(DatasetError, match=r"train.npy: damaged"):
        open_prepared(tmp_path)
    path.write_bytes(fresh() + b"more")
    with pytest.raises(DatasetError, match=r"train.npy: 12420 bytes, expected 12416"):
        open_prepared(tmp_path)
    content = fresh()
    content[500] ^= 1
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=r"train.npy: SHA-256 .* expected .*; prepare again"):
        verify(tmp_path, open_prepared(tmp_path).manifest)
    path.unlink()
    with pytest.raises(DatasetError, match=r"train.npy: no such file"):
        open_prepared(tmp_path)
    (tmp_path / "manifest.json").write_text('{"nmae": 1}', encoding="utf-8")
    with pytest.raises(DatasetError, match=r"manifest.json: nmae: Extra inputs"):
        open_prepared(tmp_path)


def test_the_command_prepares_and_verifies(tmp_path):
    command = [sys.executable, "-m", "benchmarks.stages.prepare", "--dataset", "embedded-voxels"]
    command += ["--data", str(tmp_path / "data"), "--results", str(tmp_path / "results")]
    subprocess.run(command, check=True, capture_output=True)
    subprocess.run([*command, "--verify"], check=True, capture_output=True)
    directory = tmp_path / "data" / "embedded-voxels"
    manifest = json.loads((directory / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["files"]["train.npy"] == sha256(directory / "train.npy")
    failed = subprocess.run(
        [*command[:-1], "x", "--dataset", "nothing"], capture_output=True, text=True, check=False
    )
    assert failed.returncode == 1
    assert "nothing.yaml: no such file; datasets has celeba64" in failed.stderr
