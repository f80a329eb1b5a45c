"""Many files under one path: a folder or a zip. Hidden files are none of them."""

from __future__ import annotations

import hashlib
import os
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from benchmarks.datasets.errors import DatasetError
from benchmarks.datasets.formats.reading import is_hidden, missing, read_bytes, reading

LARGEST = 1 << 31
"""Bytes of one unpacked file; what claims more is damaged, or packed to fill a memory."""


class Files(ABC):
    """Files by their name below one path, with ``/`` between folders."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @abstractmethod
    def listing(self) -> dict[str, str]:
        """What is cheaply known of each file (its size, its CRC), by name, sorted."""

    @abstractmethod
    def read(self, name: str) -> bytes:
        """The bytes of one file.

        Raises:
            DatasetError: it cannot be read, or is damaged.
        """

    def title(self, name: str) -> str:
        """How messages name a file."""
        return f"{self.path}/{name}"

    def fingerprint(self, names: list[str]) -> dict[str, str]:
        """One entry of a manifest's sources for many files: the hash of their listing."""
        listing = self.listing()
        lines = "".join(f"{name}\t{listing[name]}\n" for name in names)
        key = f"{self.path.name} ({len(names)} files; hash of {self.known})"
        return {key: hashlib.sha256(lines.encode()).hexdigest()}

    known: str


class Folder(Files):
    """A folder and those below it, by links too; a link to a folder above itself adds nothing."""

    known = "names and sizes"

    @cached_property
    def _listing(self) -> dict[str, str]:
        found = dict(self._walk(self.path, "", frozenset()))
        return {name: str(found[name]) for name in sorted(found)}

    def _walk(self, folder: Path, prefix: str, above: frozenset[Path]) -> Iterator[tuple[str, int]]:
        """Names and sizes below ``folder``; ``above`` are the folders on the way to it."""
        real = folder.resolve()
        if real in above:
            return
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            raise DatasetError(f"{folder}: {error.strerror}, expected a folder") from error
        for entry in entries:
            name = f"{prefix}{entry.name}"
            if is_hidden(entry.name):
                continue
            try:
                if entry.is_dir():
                    yield from self._walk(folder / entry.name, f"{name}/", above | {real})
                elif entry.is_file() or entry.is_symlink():
                    yield name, entry.stat().st_size
            except OSError as error:
                raise DatasetError(f"{self.title(name)}: {error.strerror}; remove it") from error

    def listing(self) -> dict[str, str]:
        return self._listing

    def read(self, name: str) -> bytes:
        return read_bytes(self.path / name, self.title(name))


class Zip(Files):
    """A zip archive, kept closed: nothing is unpacked to disk."""

    known = "names, sizes and CRCs"

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        if not path.exists():
            raise missing(path)
        with reading(str(path), "zip archive"):
            self._archive = zipfile.ZipFile(path)
            self._size = path.stat().st_size

    @cached_property
    def _listing(self) -> dict[str, str]:
        with reading(str(self.path), "zip archive"):
            entries = {
                entry.filename: entry
                for entry in self._archive.infolist()
                if not entry.is_dir() and not is_hidden(entry.filename)
            }
        return {n: f"{entries[n].file_size} {entries[n].CRC:08x}" for n in sorted(entries)}

    def listing(self) -> dict[str, str]:
        return self._listing

    def read(self, name: str) -> bytes:
        with reading(self.title(name), "file of this zip"):
            entry = self._archive.getinfo(name)
            if entry.compress_size > self._size:
                raise ValueError(f"{entry.compress_size} bytes in an archive of {self._size}")
            if entry.file_size > LARGEST:
                raise ValueError(f"{entry.file_size} bytes unpacked, expected at most {LARGEST}")
            return self._archive.read(name)


def open_files(path: Path, wanted: str) -> Files:
    """Opens a folder or zip.

    Args:
        wanted: what belongs there, for the message.

    Raises:
        DatasetError: the path is missing, or is a file of another kind.
    """
    if path.is_dir():
        return Folder(path)
    if path.is_file() and path.suffix.lower() == ".zip":
        return Zip(path)
    found = f"a file of kind {path.suffix or 'without suffix'!r}" if path.exists() else "nothing"
    raise DatasetError(f"{path}: {found}, expected a folder or zip with {wanted}")
