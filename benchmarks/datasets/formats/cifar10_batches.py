"""The official CIFAR-10 batches: Python pickles of 10,000 images each, never trusted as code."""

from __future__ import annotations

import hashlib
import importlib
import io
import pickle
import tarfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.datasets.dataset import DatasetError

BATCHES = {"train": [f"data_batch_{k}" for k in range(1, 6)], "test": ["test_batch"]}

# MD5 of the files in the archive that the author of CIFAR-10 offers.
MD5 = {
    "data_batch_1": "c99cafc152244af753f735de768cd75f",
    "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
    "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
    "data_batch_4": "634d18415352ddfa80567beed471001a",
    "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
    "test_batch": "40351d587109b95175f43aff81a1287e",
}
ALLOWED = {
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("_codecs", "encode"),
}


class ArraysOnly(pickle.Unpickler):
    """Builds plain containers and numpy arrays, and nothing else that a pickle may ask for."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in ALLOWED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which no batch needs")
        return getattr(importlib.import_module(module.replace("numpy.core", "numpy._core")), name)


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
        try:
            batch = ArraysOnly(io.BytesIO(data), encoding="bytes").load()
            pixels, classes = np.asarray(batch[b"data"]), np.asarray(batch[b"labels"])
        except (pickle.UnpicklingError, EOFError, KeyError, TypeError, ValueError) as error:
            raise DatasetError(f"{name}: not a CIFAR-10 batch ({error})") from error
        if pixels.dtype != np.uint8 or pixels.shape != (len(classes), 3072):
            raise DatasetError(
                f"{name}: {pixels.dtype} {pixels.shape}, expected uint8 ({len(classes)}, 3072)"
            )
        if not np.isin(classes, np.arange(10)).all():
            raise DatasetError(f"{name}: label {classes.max()}, expected 0 to 9")
        images.append(pixels.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))
        labels.append(classes.astype(np.uint8))
    return np.concatenate(images), np.concatenate(labels)


def _from_folder(place: Path, wanted: list[str]) -> dict[str, bytes]:
    return {file: (place / file).read_bytes() for file in wanted if (place / file).is_file()}


def _from_archive(place: Path, wanted: list[str]) -> dict[str, bytes]:
    data = {}
    try:
        with tarfile.open(place) as archive:
            for member in archive:
                file = Path(member.name).name
                content = archive.extractfile(member) if file in wanted else None
                if content is not None:
                    data[file] = content.read()
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise DatasetError(
            f"{place}: not a complete tar archive ({error}); copy it again"
        ) from error
    return data
