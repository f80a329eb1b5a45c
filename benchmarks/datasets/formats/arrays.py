"""Arrays in ``.npy`` and ``.npz`` files, without executing anything that they may hold."""

from __future__ import annotations

import io
import math
from pathlib import Path

import numpy as np

from benchmarks.datasets.errors import DatasetError
from benchmarks.datasets.formats.archives import Zip
from benchmarks.datasets.formats.reading import reading


def read_npy(data: bytes, name: str) -> np.ndarray:
    """The array of an ``.npy`` file's bytes.

    Raises:
        DatasetError: they are no such file, hold objects, or are more or fewer than their header
            says; nothing is allocated before that is known.
    """
    file = io.BytesIO(data)
    with reading(name, "array"):
        version = np.lib.format.read_magic(file)
        header = (
            np.lib.format.read_array_header_1_0
            if version == (1, 0)
            else np.lib.format.read_array_header_2_0
        )
        shape, fortran, dtype = header(file)
        if min(shape, default=0) < 0:
            raise ValueError(f"its shape is {shape}")
    if dtype.hasobject:
        raise DatasetError(f"{name}: an array of Python objects, expected numbers")
    expected, found = math.prod(shape) * dtype.itemsize, len(data) - file.tell()
    if found != expected:
        raise DatasetError(
            f"{name}: {found} bytes of values, expected {expected} for {dtype} {shape}; "
            "copy it again"
        )
    with reading(name, "array"):
        values = np.frombuffer(data, dtype, math.prod(shape), file.tell())
        return values.reshape(shape, order="F" if fortran else "C")


def read_npz(path: Path, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    """The named arrays of an ``.npz``.

    Raises:
        DatasetError: the file is missing, damaged, or lacks an array.
    """
    archive = Zip(path)
    found = [name.removesuffix(".npy") for name in archive.listing()]
    for name in names:
        if name not in found:
            raise DatasetError(
                f"{path}: no array {name!r}, expected {', '.join(names)}; it has {', '.join(found)}"
            )
    return {
        name: read_npy(archive.read(f"{name}.npy"), archive.title(f"{name}.npy")) for name in names
    }


def class_names(stored: np.ndarray, path: Path) -> tuple[str, ...]:
    """Names of classes that are stored as bytes or text.

    Raises:
        DatasetError: they are neither, or not in UTF-8.
    """
    if stored.ndim != 1 or stored.dtype.kind not in "SU":
        raise DatasetError(
            f"{path}: class names of {stored.dtype} {stored.shape}, expected text (n,)"
        )
    try:
        return tuple(
            name.decode() if isinstance(name, bytes) else str(name) for name in stored.tolist()
        )
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path}: a class name is not UTF-8 ({error})") from error
