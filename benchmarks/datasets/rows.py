"""Writes one long uint8 array to disk, row by row; an interrupted write goes on where it stopped.

Rows are appended to a hidden ``.NAME.partial`` with a small journal beside it: what the rows were
made from, how many are safely on disk, and their hash. A partial file is taken up again only if all
three agree with what is found; else it is written anew.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import time
from pathlib import Path
from typing import BinaryIO

import numpy as np

from benchmarks.datasets.errors import DatasetError
from benchmarks.datasets.raw import Chunks
from lift.bars import progress_bar
from lift.files import replacing

SECONDS_BETWEEN_JOURNALS = 5.0
BLOCK = 1 << 22


def partial_path(path: Path) -> Path:
    """Where the rows of ``path`` grow."""
    return path.with_name(f".{path.name}.partial")


def journal_path(path: Path) -> Path:
    """What is known about them."""
    return path.with_name(f".{path.name}.journal")


def write_rows(path: Path, shape: tuple[int, ...], chunks: Chunks, identity: str) -> str:
    """Writes a ``.npy`` file of the given shape beside ``path``; ``finish`` puts it in place.

    Args:
        shape: ``(n, ...)`` of the whole array.
        chunks: called with the first missing row, yields uint8 ``(k, ...)``.
        identity: everything that the rows depend on; another one discards what is there.

    Returns:
        SHA-256 of the file.

    Raises:
        DatasetError: a chunk has another type or shape, or there are too few or too many rows.
    """
    header = _header(shape)
    done, hasher = _resume(path, shape, header, identity)
    row = int(np.prod(shape[1:]))
    saved = time.monotonic()
    with partial_path(path).open("r+b" if done else "wb") as file:
        if not done:
            file.write(header)
        file.truncate(len(header) + done * row)
        file.seek(0, os.SEEK_END)
        bar = progress_bar(total=shape[0], initial=done, desc=f"write {path}")
        try:
            for chunk in chunks(done) if done < shape[0] else ():
                _check(path, chunk, shape, done)
                data = chunk.tobytes()
                file.write(data)
                hasher.update(data)
                done += len(chunk)
                bar.update(len(chunk))
                if time.monotonic() - saved > SECONDS_BETWEEN_JOURNALS:
                    _save(path, file, done, hasher.hexdigest(), identity)
                    saved = time.monotonic()
        finally:
            bar.close()
            _save(path, file, done, hasher.hexdigest(), identity)
    if done != shape[0]:
        raise DatasetError(f"{path}: {done} signals, expected {shape[0]}")
    return hasher.hexdigest()


def finish(path: Path) -> None:
    """Puts a complete file in its place."""
    partial_path(path).replace(path)
    journal_path(path).unlink()


def _header(shape: tuple[int, ...]) -> bytes:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "|u1", "fortran_order": False, "shape": shape}
    )
    return header.getvalue()


def _check(path: Path, chunk: np.ndarray, shape: tuple[int, ...], done: int) -> None:
    if chunk.dtype != np.uint8 or chunk.shape[1:] != shape[1:]:
        raise DatasetError(
            f"{path}: signal {done} is {chunk.dtype} {chunk.shape[1:]}, expected uint8 {shape[1:]}"
        )
    if done + len(chunk) > shape[0]:
        raise DatasetError(f"{path}: more than the {shape[0]} signals announced")


def _save(path: Path, file: BinaryIO, rows: int, sha256: str, identity: str) -> None:
    file.flush()
    os.fsync(file.fileno())
    with replacing(journal_path(path)) as unfinished:
        journal = {"identity": identity, "rows": rows, "sha256": sha256}
        unfinished.write_text(json.dumps(journal), encoding="utf-8")


def _resume(
    path: Path, shape: tuple[int, ...], header: bytes, identity: str
) -> tuple[int, hashlib._Hash]:
    """Rows that can be kept, and the hash of the header and these rows."""
    fresh = 0, hashlib.sha256(header)
    try:
        journal = json.loads(journal_path(path).read_text(encoding="utf-8"))
        rows, expected = int(journal["rows"]), journal["sha256"]
        if journal["identity"] != identity or not 0 < rows <= shape[0]:
            return fresh
        hasher, left = hashlib.sha256(), len(header) + rows * int(np.prod(shape[1:]))
        with partial_path(path).open("rb") as file:
            while left and (block := file.read(min(left, BLOCK))):
                hasher.update(block)
                left -= len(block)
    except (OSError, ValueError, KeyError, TypeError):
        return fresh
    return (rows, hasher) if not left and hasher.hexdigest() == expected else fresh
