"""Folders, zips and lists as people have them: hidden files, links, capitals, byte-order marks."""

import io
import os
import tarfile
import zipfile

import numpy as np
import pytest

from benchmarks.datasets.errors import DatasetError
from benchmarks.datasets.formats import archives
from benchmarks.datasets.formats.archives import Folder, Zip
from benchmarks.datasets.formats.cifar10_batches import batch_bytes
from benchmarks.datasets.formats.reading import read_lines
from benchmarks.datasets.loaders import load_raw

from .tiny import blobs, cifar_batch, config, noise, save

HIDDEN = [".DS_Store", "chair/._0.npy", "__MACOSX/chair/._0.npy", ".git/chair/9.npy"]


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def shapenet(path, **source):
    return config("shapenet64", 8, path=str(path), **{"train": 4, "test": 1} | source)


@pytest.mark.parametrize("form", ["folder", "zip", "ZIP"])
def test_hidden_files_are_no_shapes_and_capitals_are_as_good_as_small_letters(tmp_path, form):
    grids = blobs(5, 8)
    files = {f"chair/{k}.{'NPY' if k % 2 else 'npy'}": npy(grid) for k, grid in enumerate(grids)}
    files |= dict.fromkeys(HIDDEN, b"\0\5\26\7")
    if form == "folder":
        path = tmp_path / "shapes"
        for name, data in files.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(data)
    else:
        path = tmp_path / f"shapes.{form}"
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in files.items():
                archive.writestr(name, data)
    raw = load_raw(shapenet(path))
    assert raw.classes == ("chair",)
    np.testing.assert_array_equal(next(raw.train.chunks(0)), grids[:4])


def test_hidden_batches_of_a_tar_archive_are_passed_over(tmp_path):
    path = tmp_path / "cifar.tar.gz"
    names = [*(f"data_batch_{k}" for k in range(1, 6)), "test_batch"]
    batch = cifar_batch(noise(2, 32), [0, 1])
    with tarfile.open(path, "w:gz") as archive:
        for folder, data in (("cifar", batch), ("__MACOSX/cifar", b"rubbish")):
            for name in names:
                entry = tarfile.TarInfo(f"./{folder}/{name}")
                entry.size = len(data)
                archive.addfile(entry, io.BytesIO(data))
    assert set(batch_bytes(path, verify=False)[0].values()) == {batch}


def test_linked_class_folders_are_followed_and_loops_are_not(tmp_path):
    elsewhere, root = tmp_path / "elsewhere", tmp_path / "imagenet"
    for part in ("train", "val"):
        for name in ("n1", "n2"):
            save(noise(1, 16)[0], elsewhere / part / name / "0.png")
    (root / "train").mkdir(parents=True)
    (root / "val").symlink_to(elsewhere / "val")
    for name in ("n1", "n2"):
        (root / "train" / name).symlink_to(elsewhere / "train" / name)
    (elsewhere / "train" / "n1" / "again").symlink_to(root)
    (root / "train" / "here").symlink_to(".")
    raw = load_raw(config("imagenet100-256", 16, path=str(root), classes=["n1", "n2"]))
    assert (raw.train.count, raw.test.count) == (2, 2)


def test_a_link_to_nothing_and_a_folder_that_cannot_be_read_are_named(tmp_path):
    (tmp_path / "lost.png").symlink_to(tmp_path / "nowhere.png")
    with pytest.raises(DatasetError, match=r"lost\.png: No such file or directory; remove it"):
        Folder(tmp_path).listing()
    with pytest.raises(DatasetError, match=r"absent: No such file or directory, expected a folder"):
        Folder(tmp_path / "absent").listing()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_a_file_without_permission_is_named(tmp_path):
    (tmp_path / "a.png").write_bytes(b"x")
    (tmp_path / "a.png").chmod(0)
    with pytest.raises(DatasetError, match=r"a\.png: Permission denied"):
        Folder(tmp_path).read("a.png")


def test_a_byte_order_mark_and_line_ends_of_windows_are_no_part_of_a_list(tmp_path):
    path = tmp_path / "list.txt"
    path.write_bytes(b"\xef\xbb\xbfchair/1\r\n\r\ntable/2\r\n")
    assert read_lines(path) == ["chair/1", "table/2"]
    path.write_bytes(b"\xff\xfec\0h\0")
    with pytest.raises(DatasetError, match=r"list\.txt: not text in UTF-8"):
        read_lines(path)


def test_a_file_name_with_a_line_break_is_named_in_one_line(tmp_path):
    (tmp_path / "a\nb.png").write_bytes(b"no picture")
    with pytest.raises(DatasetError, match=r"a\\nb\.png: expected a number") as caught:
        load_raw(config("celebahq64", path=str(tmp_path)))
    assert "\n" not in str(caught.value)


def test_a_file_that_unpacks_to_more_than_memory_holds_is_refused(tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(100_000))
    monkeypatch.setattr(archives, "LARGEST", 10_000)
    with pytest.raises(DatasetError, match=r"a\.zip/zeros: .*100000 bytes unpacked, expected at"):
        Zip(tmp_path / "a.zip").read("zeros")


def test_an_array_that_promises_more_than_its_file_holds_is_refused(tmp_path):
    whole = npy(np.zeros((8, 8, 8), np.uint8))
    for name, data in (
        ("more", whole.replace(b"(8, 8, 8)", b"(8888888888888, 8, 8)")[: len(whole)]),
        ("cut", whole[:-1]),
        ("header", whole[:40]),
        ("objects", npy(np.array([{}], object))),
    ):
        path = tmp_path / name / "chair" / "0.npy"
        path.parent.mkdir(parents=True)
        path.write_bytes(data)
        with pytest.raises(DatasetError, match=r"chair/0\.npy: "):
            list(load_raw(shapenet(tmp_path / name, train=0, test=1)).test.chunks(0))
