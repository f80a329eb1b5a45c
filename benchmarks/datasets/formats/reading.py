"""Bytes of files that may be missing or damaged: always one error that names the file."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.datasets.errors import DatasetError, cause


@contextmanager
def reading(name: str, what: str) -> Iterator[None]:
    """Around a library that parses a file: what it raises becomes one error that names the file.

    Parsers of damaged bytes raise almost anything, so every exception counts. Keep nothing but the
    parsing inside. What a library merely warns of (a broken comment, say) is not the signal.

    Args:
        name: how messages name the file.
        what: what it should be, as in "not a readable picture".

    Raises:
        DatasetError: something was raised.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except DatasetError:
        raise
    except Exception as error:
        raise DatasetError(
            f"{name}: not a readable {what} ({cause(error)}); copy it again"
        ) from error


def missing(path: Path | str) -> DatasetError:
    """The error of a file that is not there."""
    return DatasetError(
        f"{path}: no such file; set LIFT_DATA to the folder that holds the data sets"
    )


def read_bytes(path: Path, name: str = "") -> bytes:
    """The bytes of a file.

    Args:
        name: how messages name it; its path by default.

    Raises:
        DatasetError: there is no such file, or it cannot be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise missing(name or path) from error
    except OSError as error:
        raise DatasetError(f"{name or path}: {error.strerror}, expected a readable file") from error


def read_lines(path: Path) -> list[str]:
    """The lines of a text file that hold something; a byte-order mark is no part of the first.

    Raises:
        DatasetError: there is no such file, it cannot be read, or it is not text in UTF-8.
    """
    try:
        text = read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path}: not text in UTF-8 ({error}); write it again") from error
    return [line for line in (part.strip() for part in text.splitlines()) if line]


def is_hidden(name: str) -> bool:
    """Whether a file below a folder is none of its owner's: ``.DS_Store``, ``__MACOSX/...``.

    Args:
        name: its path below the folder, with ``/`` between folders.
    """
    parts = [part for part in name.split("/") if part not in (".", "..")]
    return any(part.startswith(".") or part == "__MACOSX" for part in parts)
