"""Pictures sorted into one folder a class."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from PIL import Image

from benchmarks.datasets.errors import DatasetError
from benchmarks.datasets.formats.archives import Files
from benchmarks.datasets.formats.pictures import is_picture
from benchmarks.datasets.raw import Chunks, RawSplit

Decode = Callable[[bytes, str], Image.Image | np.ndarray]
"""Turns a file's bytes, and its name for messages, into a signal at the final size."""

CHUNK = 32


def class_folder_split(
    files: Files, folder: str, classes: tuple[str, ...], decode: Decode
) -> RawSplit:
    """One split: the pictures of ``folder/CLASS``, class after class, in name order.

    Raises:
        DatasetError: a class folder is missing or holds no picture.
    """
    names: list[str] = []
    labels: list[int] = []
    for label, name in enumerate(classes):
        prefix = f"{folder}/{name}/"
        found = [n for n in files.listing() if n.startswith(prefix) and is_picture(n)]
        if not found:
            raise DatasetError(
                f"{files.title(prefix)}: no picture; expected the {len(classes)} class folders "
                f"{classes[0]} to {classes[-1]} in {files.title(folder)}"
            )
        names += found
        labels += [label] * len(found)
    return RawSplit(len(names), decoded(files, names, decode), np.array(labels))


def decoded(files: Files, names: list[str], decode: Decode) -> Chunks:
    """Chunks of the named files' signals, stacked; memory stays flat."""

    def chunks(start: int) -> Iterator[np.ndarray]:
        for first in range(start, len(names), CHUNK):
            yield np.stack(
                [
                    np.asarray(decode(files.read(name), files.title(name)))
                    for name in names[first : first + CHUNK]
                ]
            )

    return chunks
