"""The real data sets that LIFT_DATA holds, against the hashes that came with them."""

import hashlib
import struct
from pathlib import Path

import numpy as np
import pytest

from benchmarks.datasets.dataset import open_prepared
from benchmarks.datasets.errors import DatasetError
from benchmarks.datasets.formats.cifar10_batches import MD5, read_batch
from benchmarks.datasets.loaders import load_raw
from benchmarks.datasets.location import DEFAULT, data_root, hashes
from benchmarks.datasets.store import prepare

from .tiny import config


def needs(folder):
    missing = not (data_root() / folder).exists()
    return pytest.mark.skipif(missing, reason=f"LIFT_DATA has no {folder}")


def sha256(split):
    digest = hashlib.sha256()
    for chunk in split.chunks(0):
        digest.update(chunk.tobytes())
    return digest.hexdigest()


@needs("cifar10")
def test_cifar10_is_bit_exact():
    raw = load_raw(config("cifar10"))
    assert sha256(raw.test).startswith("f9b1e2130bab680d")
    assert np.bincount(raw.train.labels).tolist() == [5000] * 10


def official(images, labels, names):
    """The bytes of CIFAR-10's official test batch, as Python 2 pickled it."""
    memo = 1

    def put():
        nonlocal memo
        code = b"q" + bytes([memo]) if memo < 256 else b"r" + struct.pack("<i", memo)
        memo += 1
        return code

    def text(value):
        return b"U" + bytes([len(value)]) + value

    out = b"\x80\x02}" + put() + b"(" + text(b"batch_label") + put()
    out += text(b"testing batch 1 of 1") + put() + text(b"labels") + put() + b"]" + put()
    for first in range(0, len(labels), 1000):
        marked = b"".join(b"K" + bytes([int(label)]) for label in labels[first : first + 1000])
        out += b"(" + marked + b"e"
    out += text(b"data") + put() + b"cnumpy.core.multiarray\n_reconstruct\n" + put()
    out += b"cnumpy\nndarray\n" + put() + b"K\x00\x85U\x01b\x87R" + put()
    out += b"(K\x01M\x10'M\x00\x0c\x86cnumpy\ndtype\n" + put() + b"U\x02u1K\x00K\x01\x87R" + put()
    out += b"(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T"
    out += struct.pack("<i", images.size) + images.transpose(0, 3, 1, 2).tobytes() + b"tb"
    out += text(b"filenames") + put() + b"]" + put()
    for first in range(0, len(names), 1000):
        out += b"(" + b"".join(text(bytes(n)) + put() for n in names[first : first + 1000]) + b"e"
    return out + b"u."


@needs("cifar10")
def test_the_official_bytes_pass_the_restricted_reader():
    raw = load_raw(config("cifar10"))
    images = np.concatenate(list(raw.test.chunks(0)))
    archive = np.load(data_root() / "cifar10" / "labels.npz")
    data = official(images, raw.test.labels, archive["filenames_test"])
    assert hashlib.md5(data).hexdigest() == MD5["test_batch"]
    read, labels = read_batch([("test_batch", data)])
    np.testing.assert_array_equal(read, images)
    np.testing.assert_array_equal(labels, raw.test.labels)


@needs("faces64")
def test_celeba64_is_bit_exact():
    assert sha256(load_raw(config("celeba64")).test).startswith("f8f1ffa55421adfa")


@needs("voxels64")
def test_infomr64_has_the_published_counts():
    raw = load_raw(config("infomr64"))
    archive = np.load(data_root() / "voxels64" / "shapes64.npz")
    assert (raw.train.count, raw.test.count, len(raw.classes)) == (2176, 221, 69)
    grids = np.concatenate(list(raw.test.chunks(0)))
    np.testing.assert_array_equal(
        grids.sum((1, 2, 3)), archive["n_occupied"][archive["split"] == 1]
    )


@needs("modelnet10_vox30")
def test_modelnet10_at_30_is_as_stored(tmp_path):
    raw = load_raw(config("modelnet10-30"))
    archive = np.load(data_root() / "modelnet10_vox30" / "modelnet10_vox30.npz")
    for split in (raw.train, raw.test):
        assert next(split.chunks(split.count - 2)).shape == (2, 30, 30, 30)
    prepare(config("modelnet10-30"), raw, tmp_path)
    dataset = open_prepared(tmp_path)
    assert (len(dataset.train), len(dataset.test), dataset.domain.resolution) == (3991, 908, 30)
    np.testing.assert_array_equal(dataset.test.signals, archive["bits_test"])
    np.testing.assert_array_equal(dataset.train.signals, archive["bits_train"])
    assert dataset.manifest.split_rule == "official: 3,991 / 908, empty shapes kept; 30³"


@needs("modelnet10_vox30")
def test_modelnet10_has_one_empty_voxel_on_each_side():
    raw = load_raw(config("modelnet10"))
    grids = next(raw.test.chunks(0))
    assert (raw.train.count, raw.test.count) == (3991, 908)
    assert grids.shape[1:] == (32, 32, 32)
    archive = np.load(data_root() / "modelnet10_vox30" / "modelnet10_vox30.npz")
    first = np.unpackbits(archive["bits_test"][0], count=27000).reshape(30, 30, 30)
    np.testing.assert_array_equal(grids[0, 1:31, 1:31, 1:31], first)
    assert grids[0].sum() == first.sum()


def test_the_home_folder_may_be_written_as_a_tilde(monkeypatch):
    monkeypatch.setenv("LIFT_DATA", "~/signals")
    assert data_root() == Path.home() / "signals"
    monkeypatch.delenv("LIFT_DATA")
    assert data_root() == DEFAULT


def test_a_file_that_is_not_the_listed_one_is_refused(tmp_path):
    (tmp_path / "a.bin").write_bytes(b"x")
    (tmp_path / "SHA256SUMS").write_text(f"{'0' * 64}  a.bin\n", encoding="utf-8")
    with pytest.raises(DatasetError, match=r"a.bin: SHA-256 2d711642b726, expected 000000000000"):
        hashes(tmp_path, [tmp_path / "a.bin"])
    with pytest.raises(DatasetError, match=r"b.bin: no such file; set LIFT_DATA"):
        hashes(tmp_path, [tmp_path / "b.bin"])
