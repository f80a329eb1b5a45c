"""Voxel grids in all their files, prepared data sets, and recordings."""

import io
import json
from pathlib import Path

import h5py
import numpy as np
from scipy.io import wavfile

from benchmarks.datasets.dataset import open_prepared
from benchmarks.datasets.formats.arrays import read_npz
from benchmarks.datasets.formats.audio import read_audio
from benchmarks.datasets.formats.imnet_hdf5 import shapes
from benchmarks.datasets.formats.packed_voxels import check_packed
from benchmarks.datasets.formats.reading import read_lines
from benchmarks.datasets.formats.voxel_files import read_voxels
from benchmarks.datasets.loaders import load_raw
from benchmarks.datasets.location import hashes
from benchmarks.datasets.raw import Raw, RawSplit
from benchmarks.datasets.store import prepare, verify
from benchmarks.figures.contact_sheet import contact_sheet
from tests.bad_inputs.case import Case
from tests.benchmarks.datasets.tiny import blobs, config, noise

SIDE = 8
GRIDS = blobs(5, SIDE)
IMAGES = noise(4, 32)


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def grid(data: bytes, name: str = "chair/0.npy"):
    return lambda folder: read_voxels(data, name, SIDE)


def binvox(body: bytes, head: bytes = b"#binvox 1\ndim 8 8 8\ndata\n"):
    return grid(head + body, "chair/0.binvox")


def category(*names: str):
    def give(folder: Path) -> Raw:
        (folder / "shapenet").mkdir()
        for name in names:
            (folder / "shapenet" / name).write_bytes(npy(GRIDS[0]))
        return load_raw(config("shapenet64", SIDE, path=str(folder / "shapenet")))

    return give


def hdf5(**fields: object):
    """IM-NET's fields, some of them changed; None leaves one out."""

    def give(folder: Path) -> object:
        points = np.zeros((5, 6, 3), np.uint8)
        whole = {"voxels": GRIDS, "points_64": points, "values_64": points[..., :1]}
        with h5py.File(folder / "train.hdf5", "w") as file:
            for name, values in (whole | fields).items():
                if values is not None:
                    file[name] = values
        split = shapes(folder / "train.hdf5", SIDE)
        rows = [split.chunks, *(extra.chunks for extra in split.extras.values())]
        return [list(chunks(0)) for chunks in rows]

    return give


def cut_hdf5(folder: Path) -> object:
    hdf5()(folder)
    path = folder / "train.hdf5"
    path.write_bytes(path.read_bytes()[:3000])
    return shapes(path, SIDE)


def group(folder: Path) -> object:
    with h5py.File(folder / "train.hdf5", "w") as file:
        file.create_group("voxels")
    return shapes(folder / "train.hdf5", SIDE)


def text(content: bytes):
    def give(folder: Path) -> object:
        (folder / "SHA256SUMS").write_bytes(content)
        (folder / "a.bin").write_bytes(b"x")
        return hashes(folder, [folder / "a.bin"])

    return give


def listed(folder: Path) -> object:
    (folder / "names.txt").write_bytes(b"\xff\xfec\0")
    return read_lines(folder / "names.txt")


def stored(spoil, then=open_prepared, train=IMAGES, labels=None):
    """A prepared data set, after something was changed in its folder."""

    def give(folder: Path) -> object:
        split, directory = RawSplit.of(train, labels), folder / "celeba64"
        classes = ("a", "b") if labels is not None else ()
        prepare(config("celeba64", 32), Raw(split, split, "rule", classes), directory)
        spoil(directory)
        return then(directory)

    return give


def unknown_key(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8")) | {"nmae": 1}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def cut(name: str):
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:-9])


def other_byte(folder: Path) -> None:
    content = bytearray((folder / "train.npy").read_bytes())
    content[999] ^= 1
    (folder / "train.npy").write_bytes(content)


def nothing(folder: Path) -> None:
    pass


def recording(samples: np.ndarray, length: int | None = None, rate: int = 8000):
    def give(folder: Path) -> object:
        wavfile.write(folder / "clip.wav", rate, samples)
        (folder / "clip.wav").write_bytes((folder / "clip.wav").read_bytes()[:length])
        return read_audio(folder / "clip.wav")

    return give


def no_wav(folder: Path) -> object:
    (folder / "clip.wav").write_bytes(b"no sound")
    return read_audio(folder / "clip.wav")


def npz(folder: Path) -> object:
    np.savez(folder / "labels.npz", y_test=np.zeros(3))
    return read_npz(folder / "labels.npz", ("y_train", "y_test"))


WAVE = np.sin(np.arange(600)).astype(np.float32)
WITH_NAN, WITH_INFINITY = WAVE.copy(), WAVE.copy()
WITH_NAN[17], WITH_INFINITY[17] = np.nan, -np.inf
POINTS = np.full((5, 6, 3), np.nan, np.float32)
PROMISE = npy(GRIDS[0]).replace(b"(8, 8, 8), }" + b" " * 12, b"(8000000000000, 8), }   ")

CASES = [
    Case("a folder without a voxel file", category()),
    Case("a voxel file in no category", category("lonely.npy")),
    Case("a binvox file without a header", binvox(b"", b"hello")),
    Case("a binvox file with two dimensions", binvox(b"", b"#binvox 1\ndim 8 8\ndata\n")),
    Case("a binvox file cut off", binvox(b"\1\7")),
    Case("a grid of another size", grid(npy(blobs(1, 4)[0]))),
    Case("a grid without an occupied voxel", grid(npy(0 * GRIDS[0]))),
    Case("a voxel that is 2", grid(npy(2 * GRIDS[0]))),
    Case("a grid of text", grid(npy(np.full((8, 8, 8), "x")))),
    Case("an array cut off", grid(npy(GRIDS[0])[:-9])),
    Case("an array that promises terabytes", grid(PROMISE)),
    Case("an array of Python objects", grid(npy(np.array([{}], object)))),
    Case("no array at all", grid(b"hello, shape")),
    Case(
        "bits of another resolution",
        lambda f: check_packed(np.zeros((3, 9), np.uint8), 8, Path("shapes64.npz")),
    ),
    Case("an npz file that lacks an array", npz),
    Case("a missing HDF5 file", lambda f: shapes(f / "train.hdf5", SIDE)),
    Case("an HDF5 file cut off", cut_hdf5),
    Case("an HDF5 file without voxels", hdf5(voxels=None)),
    Case("a scalar where HDF5 holds voxels", hdf5(voxels=3)),
    Case("a group where HDF5 holds voxels", group),
    Case("voxels of another resolution", hdf5(voxels=blobs(5, 4))),
    Case("a shape in HDF5 that is empty", hdf5(voxels=0 * GRIDS)),
    Case("a point that is NaN", hdf5(points_64=POINTS)),
    Case("fewer values than points", hdf5(values_64=np.zeros((5, 4, 1), np.uint8))),
    Case(
        "crops larger than their photographs",
        lambda f: load_raw(config("embedded-images", 400)),
    ),
    Case("a file that is not the listed one", text(b"0" * 64 + b"  a.bin\n")),
    Case("a list of hashes that is none", text(b"hello\n")),
    Case("a list that is not UTF-8", listed),
    Case("a data set that was not prepared", lambda f: open_prepared(f / "cifar10")),
    Case(
        "a manifest that is no JSON",
        stored(lambda f: (f / "manifest.json").write_text("{", encoding="utf-8")),
    ),
    Case("a manifest with an unknown key", stored(unknown_key)),
    Case("a prepared array cut off", stored(cut("train.npy"))),
    Case("a prepared array that is missing", stored(lambda f: (f / "test.npy").unlink())),
    Case(
        "a prepared array that has changed",
        stored(other_byte, lambda f: verify(f, open_prepared(f).manifest)),
    ),
    Case("an empty split", stored(nothing, train=IMAGES[:0])),
    Case("a label out of range", stored(nothing, labels=np.array([0, 1, 2, 0]))),
    Case("labels that are no whole numbers", stored(nothing, labels=np.array([0, 1, 0.5, 0]))),
    Case("fewer labels than signals", stored(nothing, labels=np.array([0, 1]))),
    Case(
        "a picture of signals that may not be shown",
        stored(nothing, lambda f: contact_sheet(open_prepared(f), f / "a.png")),
    ),
    Case("a missing recording", lambda f: read_audio(f / "clip.wav")),
    Case("a recording that is none", no_wav),
    Case("a recording of 0 samples a second", recording(WAVE, rate=0)),
    Case("a recording cut off after 30 bytes", recording(WAVE, 30)),
    Case("a recording cut off after 500 bytes", recording(WAVE, 500)),
    Case("a recording in stereo", recording(np.stack([WAVE, WAVE], 1))),
    Case("a sample that is NaN", recording(WITH_NAN)),
    Case("a sample that is infinite", recording(WITH_INFINITY)),
    Case("a recording of silence", recording(0 * WAVE)),
    Case("a recording without a sample", recording(WAVE[:0])),
]
