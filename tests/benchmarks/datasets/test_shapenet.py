import zipfile

import h5py
import numpy as np
import pytest

from benchmarks.datasets.errors import DatasetError
from benchmarks.datasets.formats.voxel_files import read_binvox
from benchmarks.datasets.loaders import load_raw

from .tiny import blobs, config, prepared

R = 64
GRIDS = np.zeros((6, R, R, R), np.uint8)
for box in range(6):
    GRIDS[box, 10 : 20 + box, 5 + 8 * box : 20 + 8 * box, 30:50] = 1
RNG = np.random.default_rng(0)
POINTS = RNG.integers(0, 256, (6, 50, 3), np.uint8)
VALUES = RNG.integers(0, 2, (6, 50, 1), np.uint8)
PARTS = {"train": slice(0, 4), "test": slice(4, 6)}


def settings(path, resolution=None, **source):
    return config("shapenet64", resolution, path=str(path), **{"train": 4, "test": 2} | source)


def write_hdf5(folder, points=True, names=None):
    """The two files as IM-NET writes them: uint8, compressed, voxels with a last axis of one."""
    folder.mkdir(exist_ok=True)
    for part, rows in PARTS.items():
        path = folder / f"all_vox256_img_{part}.hdf5"
        with h5py.File(path, "w") as file:
            file.create_dataset("voxels", data=GRIDS[rows][..., None], compression=9, chunks=True)
            if points:
                file.create_dataset("points_64", data=POINTS[rows], compression=9, chunks=True)
                file.create_dataset("values_64", data=VALUES[rows], compression=9, chunks=True)
        if names:
            path.with_suffix(".txt").write_text(
                "".join(f"{name}\n" for name in names[rows]), encoding="utf-8"
            )


def binvox(grid):
    """The bytes of a binvox file, run by run: x slowest, then z, then y."""
    flat = grid.transpose(0, 2, 1).reshape(-1)
    borders = np.flatnonzero(np.diff(flat)) + 1
    runs = b""
    for run in np.split(flat, borders):
        for first in range(0, len(run), 255):
            runs += bytes([int(run[0]), len(run[first : first + 255])])
    size = " ".join(str(side) for side in grid.shape)
    return f"#binvox 1\ndim {size}\ntranslate 0 0 0\nscale 1\ndata\n".encode() + runs


def test_hdf5_files_give_their_voxels_and_points(tmp_path):
    names = [f"{category}/{k}" for k, category in enumerate(["a", "a", "b", "b", "a", "b"])]
    write_hdf5(tmp_path / "source", names=names)
    dataset = prepared(settings(tmp_path / "source"), tmp_path / "out")
    np.testing.assert_array_equal(dataset.train.batch(range(4))[..., 0], GRIDS[:4].reshape(4, -1))
    np.testing.assert_array_equal(dataset.test.batch([1])[..., 0], GRIDS[5:].reshape(1, -1))
    points, values = dataset.test.near_surface([1])
    np.testing.assert_array_equal(points, (POINTS[5:].astype(np.float32) + 0.5) / 256)
    np.testing.assert_array_equal(values, VALUES[5:])
    assert dataset.classes == ("a", "b")
    assert dataset.train.labels.tolist() == [0, 0, 1, 1]


def test_files_without_points_and_labels_give_voxels_alone(tmp_path):
    write_hdf5(tmp_path / "source", points=False)
    dataset = prepared(settings(tmp_path / "source"), tmp_path / "out")
    assert dataset.test.points is None
    assert dataset.classes == ()


@pytest.mark.parametrize("form", ["npy", "binvox"])
def test_a_folder_by_category_is_split_in_name_order(tmp_path, form):
    grids = blobs(10, 8)
    for number, grid in enumerate(grids):
        path = tmp_path / "source" / f"0{number // 5}" / f"{number}.{form}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(binvox(grid)) if form == "binvox" else np.save(path, grid)
    dataset = prepared(settings(tmp_path / "source", 8, train=8), tmp_path / "out")
    kept = grids[[0, 1, 2, 3, 5, 6, 7, 8]].reshape(8, -1)
    np.testing.assert_array_equal(dataset.train.batch(range(8))[..., 0], kept)
    np.testing.assert_array_equal(dataset.test.batch([0, 1])[..., 0], grids[[4, 9]].reshape(2, -1))
    assert dataset.train.labels.tolist() == [0] * 4 + [1] * 4


def test_a_zip_by_category(tmp_path):
    grids = blobs(5, 8)
    with zipfile.ZipFile(tmp_path / "shapes.zip", "w") as archive:
        for number, grid in enumerate(grids):
            archive.writestr(f"chair/{number}/model.binvox", binvox(grid))
    raw = load_raw(settings(tmp_path / "shapes.zip", 8, test=1))
    np.testing.assert_array_equal(next(raw.train.chunks(1)), grids[1:4])


def test_binvox_axes():
    grid = np.zeros((4, 4, 4), np.uint8)
    grid[1, 2, 3] = 1
    # Voxel (x, y, z) lies at x * 16 + z * 4 + y.
    runs = bytes([0, 16 + 12 + 2, 1, 1, 0, 64 - 31])
    np.testing.assert_array_equal(read_binvox(b"#binvox 1\ndim 4 4 4\ndata\n" + runs), grid)


def failure(tmp_path, out="out", **source):
    with pytest.raises(DatasetError) as caught:
        prepared(settings(tmp_path / "source", **source), tmp_path / out)
    return str(caught.value)


def broken(tmp_path, field, data):
    write_hdf5(tmp_path / "source")
    with h5py.File(tmp_path / "source" / "all_vox256_img_train.hdf5", "a") as file:
        del file[field]
        if data is not None:
            file.create_dataset(field, data=data, compression=1)
    return failure(tmp_path)


def test_wrong_contents_of_an_hdf5_file_are_named(tmp_path):
    train = "all_vox256_img_train.hdf5"
    assert f"{train}: no field voxels, expected one; it has points_64, values_64" in broken(
        tmp_path, "voxels", None
    )
    empty = GRIDS[:4].copy()
    empty[2] = 0
    assert f"{train}: grid 2: no voxel is occupied" in broken(tmp_path, "voxels", empty[..., None])
    assert "a grid of (32, 64, 64), expected (64, 64, 64)" in broken(
        tmp_path, "voxels", GRIDS[:4, ::2]
    )
    assert "grid 0: a voxel is 2, expected 0 (empty) or 1" in broken(
        tmp_path, "voxels", GRIDS[:4] * 2
    )
    points = POINTS[:4].astype(np.float32)
    points[3, 7, 1] = np.nan
    assert "points_64 of shape 3 holds nan, expected whole numbers from 0 to 255" in broken(
        tmp_path, "points_64", points
    )
    assert "values_64 (4, 9, 1), expected (4, 50, 1)" in broken(
        tmp_path, "values_64", VALUES[:4, :9]
    )


def test_a_truncated_or_missing_hdf5_file_is_named(tmp_path):
    write_hdf5(tmp_path / "source")
    path = tmp_path / "source" / "all_vox256_img_test.hdf5"
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    assert "all_vox256_img_test.hdf5: not a readable HDF5 file" in failure(tmp_path)
    path.unlink()
    assert "all_vox256_img_test.hdf5: no such file" in failure(tmp_path)


def test_other_counts_and_names_are_refused(tmp_path):
    write_hdf5(tmp_path / "source", names=["a/b"] * 5)
    assert "all_vox256_img_test.txt: 1 names, expected 2" in failure(tmp_path)
    write_hdf5(tmp_path / "source", names=["a/b"] * 6)
    assert "4 train signals, expected 35019" in failure(tmp_path, train=35_019)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"hello", "a/0.binvox: not a readable voxel grid (no binvox header)"),
        (b"#binvox 1\ndim 2 2 2\ndata\n\x01\x07", "(7 voxels, expected 8)"),
        (b"#binvox 1\ndim 2 2\ndata\n\x01\x07", "(no line with three dimensions)"),
        (b"#binvox 1\ndim 2 2 2\ndata\n\x01\x08", "a grid of (2, 2, 2), expected (64, 64, 64)"),
        (binvox(np.zeros((64,) * 3, np.uint8)), "a/0.binvox: no voxel is occupied"),
    ],
)
def test_a_wrong_binvox_file_is_named(tmp_path, content, message):
    for number in range(5):
        path = tmp_path / "source" / "a" / f"{number}.binvox"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    assert message in failure(tmp_path, train=4, test=1)


def test_files_without_a_category_are_refused(tmp_path):
    (tmp_path / "source").mkdir()
    assert "no .binvox or .npy file, expected CATEGORY/NAME.binvox" in failure(tmp_path)
    np.save(tmp_path / "source" / "lonely.npy", GRIDS[0])
    assert "lonely.npy is in no category" in failure(tmp_path)
