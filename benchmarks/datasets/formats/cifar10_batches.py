"""The official CIFAR-10 batches: Python pickles of 10,000 images each, never trusted as code."""

from __future__ import annotations

import hashlib
import io
import pickle
import pickletools
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.datasets.errors import DatasetError
from benchmarks.datasets.formats.reading import is_hidden, read_bytes, reading

BATCHES = {"train": [f"data_batch_{k}" for k in range(1, 6)], "test": ["test_batch"]}
PIXELS = 3072

# MD5 of the files in the archive that the author of CIFAR-10 offers.
MD5 = {
    "data_batch_1": "c99cafc152244af753f735de768cd75f",
    "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
    "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
    "data_batch_4": "634d18415352ddfa80567beed471001a",
    "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
    "test_batch": "40351d587109b95175f43aff81a1287e",
}
LARGEST = 1 << 26
"""Bytes of one batch; the official ones have 31 million."""
BLOCK = 1 << 20
UNPACKED = 1 << 30
"""Bytes of an unpacked archive; the official one has 186 million."""


class StoredArray:
    """What a pickle says of an array: its shape and bytes, of which nothing is executed."""

    def __init__(self) -> None:
        self.shape: Any = ()
        self.data: Any = b""

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, self.shape, _, fortran, self.data = state
        if fortran:
            raise pickle.UnpicklingError("an array whose first axis runs fastest")


class StoredType:
    """A type of numbers, of which only the name is read."""

    def __init__(self, name: str | bytes, *_: Any) -> None:
        if name not in ("u1", b"u1"):
            raise pickle.UnpicklingError(f"an array of type {name!r}, expected bytes")

    def __setstate__(self, state: Any) -> None:
        pass


def _encoded(text: str, encoding: str) -> bytes:
    """How newer pickles hold bytes."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"text in the encoding {encoding!r}")
    return text.encode("latin1")


ALLOWED: dict[tuple[str, str], Callable[..., Any]] = {
    ("numpy", "ndarray"): StoredArray,
    ("numpy", "dtype"): StoredType,
    ("numpy.core.multiarray", "_reconstruct"): lambda *_: StoredArray(),
    ("numpy._core.multiarray", "_reconstruct"): lambda *_: StoredArray(),
    ("_codecs", "encode"): _encoded,
}


class ArraysOnly(pickle.Unpickler):
    """Builds plain containers and stored arrays, and nothing else that a pickle may ask for."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in ALLOWED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which no batch needs")
        return ALLOWED[module, name]


def batch_bytes(place: Path, verify: bool) -> tuple[dict[str, bytes], dict[str, str]]:
    """The bytes of all six batches and their SHA-256, from their folder or the archive.

    Raises:
        DatasetError: one is missing or damaged, or (where ``verify``) not the published one.
    """
    wanted = [file for files in BATCHES.values() for file in files]
    data = _from_archive(place, wanted) if place.is_file() else _from_folder(place, wanted)
    for file in wanted:
        if file not in data:
            raise DatasetError(f"{place}: no {file}, expected {', '.join(wanted)}")
        found = hashlib.md5(data[file], usedforsecurity=False).hexdigest()
        if verify and found != MD5[file]:
            raise DatasetError(f"{place}/{file}: MD5 {found}, expected {MD5[file]}; copy it again")
    return data, {f"{place.name}/{file}": hashlib.sha256(data[file]).hexdigest() for file in wanted}


def read_batch(batches: list[tuple[str, bytes]]) -> tuple[np.ndarray, np.ndarray]:
    """Images ``(n, 32, 32, 3)`` and labels ``(n,)``, both uint8, of several batches in order.

    Args:
        batches: name (for messages) and bytes of each.

    Raises:
        DatasetError: one is no pickle, asks for more than arrays, or holds other data.
    """
    images, labels = [], []
    for name, data in batches:
        with reading(name, "CIFAR-10 batch"):
            _check_memo(data)
            batch = ArraysOnly(io.BytesIO(data), encoding="bytes").load()
            stored, classes = batch[b"data"], batch[b"labels"]
            shape, content = stored.shape, bytes(stored.data)
        if not isinstance(classes, list) or shape != (len(classes), PIXELS):
            raise DatasetError(
                f"{name}: an array {shape}, expected ({len(classes)}, {PIXELS}), a row for each "
                "label"
            )
        if len(content) != len(classes) * PIXELS:
            raise DatasetError(
                f"{name}: {len(content)} bytes of pixels, expected {len(classes) * PIXELS}"
            )
        wrong = [label for label in classes if type(label) is not int or not 0 <= label <= 9]
        if wrong:
            raise DatasetError(f"{name}: label {wrong[0]!r:.80}, expected 0 to 9")
        pixels = np.frombuffer(content, np.uint8)
        images.append(pixels.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))
        labels.append(np.array(classes, np.uint8))
    return np.concatenate(images), np.concatenate(labels)


def _check_memo(data: bytes) -> None:
    """A damaged pickle may ask to remember something at place two billion, which takes memory.

    Raises:
        ValueError: a place is larger than there are operations before it.
    """
    for count, (operation, argument, _) in enumerate(pickletools.genops(data)):
        remembers = operation.name in ("PUT", "BINPUT", "LONG_BINPUT")
        if remembers and not 0 <= (argument or 0) <= count:
            raise ValueError(f"it remembers place {argument} after {count} operations")


def _from_folder(place: Path, wanted: list[str]) -> dict[str, bytes]:
    return {file: read_bytes(place / file) for file in wanted if (place / file).exists()}


def _from_archive(place: Path, wanted: list[str]) -> dict[str, bytes]:
    data, unpacked = {}, 0
    with reading(str(place), "tar archive"), tarfile.open(place) as archive:
        for member in archive:
            unpacked += member.size
            if unpacked > UNPACKED:
                raise ValueError(f"more than {UNPACKED} bytes unpacked")
            file = Path(member.name).name
            if file not in wanted or is_hidden(member.name) or not member.isfile():
                continue
            if member.size > LARGEST:
                raise ValueError(f"{file} has {member.size} bytes, expected at most {LARGEST}")
            content = archive.extractfile(member)
            if content is not None:
                data[file] = content.read()
        # The checksum of a packed archive stands after its last file.
        while archive.fileobj is not None and archive.fileobj.read(BLOCK):
            pass
    return data
