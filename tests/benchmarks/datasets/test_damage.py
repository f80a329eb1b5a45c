"""Every reader on damaged bytes: one error that names the file, or data of the promised kind.

Where a format has checksums, data that is read must be the undamaged one.
"""

import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given
from scipy.io import wavfile

from benchmarks.datasets.formats.archives import Zip
from benchmarks.datasets.formats.arrays import read_npz
from benchmarks.datasets.formats.audio import read_audio
from benchmarks.datasets.formats.cifar10_batches import BATCHES, batch_bytes, read_batch
from benchmarks.datasets.formats.imnet_hdf5 import shapes
from benchmarks.datasets.formats.mosaic import Mosaic
from benchmarks.datasets.formats.pictures import read_colours, read_rgb
from benchmarks.datasets.formats.voxel_files import read_voxels

from .damage import ALWAYS_THE_SAME, check, damage
from .test_shapenet import binvox
from .tiny import blobs, cifar_batch, encoded, noise

SIDE = 4
GRIDS = blobs(3, SIDE)
IMAGES = noise(4, 8)
POINTS = np.random.default_rng(0).integers(0, 256, (3, 5, 3), np.uint8)


@dataclass(frozen=True)
class Reader:
    """A file as it should be, how it is read, and what reading it may give."""

    file: str
    whole: bytes
    read: Callable[[Path], object]
    right: Callable[[object], bool]


def equal(expected: object) -> Callable[[object], bool]:
    """Whether nested containers of arrays are the same."""

    def same(found: object) -> bool:
        np.testing.assert_equal(found, expected)
        return True

    return same


def written(write: Callable[[io.BytesIO], object]) -> bytes:
    file = io.BytesIO()
    write(file)
    return file.getvalue()


def tar(file: io.BytesIO) -> None:
    with tarfile.open(fileobj=file, mode="w") as archive:
        for names in BATCHES.values():
            for name in names:
                entry = tarfile.TarInfo(f"cifar/{name}")
                entry.size = len(name)
                archive.addfile(entry, io.BytesIO(name.encode()))


def zipped(file: io.BytesIO) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in FILES.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)


def hdf5(file: io.BytesIO, **options: object) -> None:
    with h5py.File(file, "w") as content:
        content.create_dataset("voxels", data=GRIDS[..., None], **options)
        content.create_dataset("points_64", data=POINTS, **options)
        content.create_dataset("values_64", data=POINTS[..., :1] % 2, **options)


def read_hdf5(path: Path) -> tuple[np.ndarray, ...]:
    split = shapes(path, SIDE)
    if split.count > 1000:  # a header that promises too much: its first signals are enough
        return (next(split.chunks(0)),)
    parts = [split.chunks, *(rows.chunks for rows in split.extras.values())]
    return tuple(np.concatenate(list(chunks(0))) for chunks in parts)


def a_picture(found: object) -> bool:
    pixels = np.asarray(found)
    return (
        pixels.dtype == np.uint8 and pixels.ndim == 3 and pixels.shape[2] == 3 and pixels.size > 0
    )


def colours(found: object) -> bool:
    values = np.asarray(found)
    return (
        values.dtype == np.float32
        and values.shape[2] == 3
        and 0 <= values.min() <= values.max() <= 1
    )


def a_grid(found: object) -> bool:
    grid = np.asarray(found)
    return grid.dtype == np.uint8 and grid.shape == (SIDE,) * 3 and set(np.unique(grid)) <= {0, 1}


def a_batch(found: object) -> bool:
    images, labels = found
    return images.shape == (len(labels), 32, 32, 3) and bool((labels < 10).all())


def three_fields(found: object) -> bool:
    voxels, *points = found
    inside = all(part.dtype == np.uint8 and part.ndim == 3 for part in points)
    return inside and voxels.shape[1:] == (SIDE,) * 3 and set(np.unique(voxels)) <= {0, 1}


def a_waveform(found: object) -> bool:
    return found.dtype == np.float32 and found.ndim == 1 and float(np.abs(found).max()) == 1


FILES = {"a/1.png": b"one" * 20, "b/2.png": b"two" * 30}
NPZ = {"bits": POINTS[0], "y": np.arange(3), "names": np.array([b"a", b"bc"])}
RAMP = np.arange(64, dtype=np.uint16).reshape(8, 8) * 1000
MOSAIC = IMAGES.reshape(2, 2, 8, 8, 3).swapaxes(1, 2).reshape(16, 16, 3)
WAVE = np.sin(np.arange(60)).astype(np.float32)

READERS = [
    Reader(
        "a.png",
        encoded(IMAGES[0], "PNG"),
        lambda p: np.asarray(read_rgb(p.read_bytes(), str(p))),
        equal(IMAGES[0]),
    ),
    Reader(
        "deep.png", encoded(RAMP, "PNG"), lambda p: read_colours(p.read_bytes(), str(p)), colours
    ),
    Reader(
        "a.jpg",
        encoded(IMAGES[0], "JPEG"),
        lambda p: read_rgb(p.read_bytes(), str(p), "convert"),
        a_picture,
    ),
    Reader(
        "a.webp",
        encoded(IMAGES[0], "WEBP"),
        lambda p: read_rgb(p.read_bytes(), str(p), "convert"),
        a_picture,
    ),
    Reader(
        "a.bmp",
        encoded(IMAGES[0], "BMP"),
        lambda p: read_rgb(p.read_bytes(), str(p), "convert"),
        a_picture,
    ),
    Reader(
        "mosaic.webp",
        encoded(MOSAIC, "WEBP", lossless=True),
        Mosaic(2, 2, 8).tiles,
        lambda t: t.shape == (4, 8, 8, 3),
    ),
    Reader(
        "data_batch_1",
        cifar_batch(noise(2, 32), [3, 4]),
        lambda p: read_batch([(str(p), p.read_bytes())]),
        a_batch,
    ),
    Reader(
        "cifar.tar.gz",
        gzip.compress(written(tar), mtime=0),
        lambda p: batch_bytes(p, False)[0],
        equal({n: n.encode() for names in BATCHES.values() for n in names}),
    ),
    Reader(
        "a.zip",
        written(zipped),
        lambda p: {n: z.read(n) for z in [Zip(p)] for n in z.listing()},
        lambda found: found.items() <= FILES.items(),
    ),
    Reader(
        "a.binvox", binvox(GRIDS[0]), lambda p: read_voxels(p.read_bytes(), str(p), SIDE), a_grid
    ),
    Reader(
        "a.npy",
        written(lambda f: np.save(f, GRIDS[0])),
        lambda p: read_voxels(p.read_bytes(), str(p), SIDE),
        a_grid,
    ),
    Reader(
        "a.npz",
        written(lambda f: np.savez_compressed(f, **NPZ)),
        lambda p: read_npz(p, tuple(NPZ)),
        equal(NPZ),
    ),
    Reader("plain.hdf5", written(hdf5), read_hdf5, three_fields),
    Reader(
        "packed.hdf5",
        written(lambda f: hdf5(f, compression=9, chunks=True)),
        read_hdf5,
        three_fields,
    ),
    Reader("a.wav", written(lambda f: wavfile.write(f, 8000, WAVE)), read_audio, a_waveform),
    Reader(
        "pcm.wav",
        written(lambda f: wavfile.write(f, 8000, (WAVE * 9999).astype(np.int16))),
        read_audio,
        a_waveform,
    ),
]


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.file)
def test_damaged_bytes_give_the_named_error_or_right_data(tmp_path, reader):
    path = tmp_path / reader.file
    path.write_bytes(reader.whole)
    assert reader.right(reader.read(path))

    @ALWAYS_THE_SAME
    @given(damage(reader.whole))
    def attempt(content: bytes) -> None:
        path.write_bytes(content)
        check(path.name, lambda: reader.right(reader.read(path)))

    attempt()
