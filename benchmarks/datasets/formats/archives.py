"""Many files under one path: a folder, a zip, or the arrays of an npz."""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from abc import ABC, abstractmethod
from functools import cached_property
from pathlib import Path

import numpy as np

from benchmarks.datasets.dataset import DatasetError


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
    """A folder and those below it."""

    known = "names and sizes"

    @cached_property
    def _listing(self) -> dict[str, str]:
        files = (path for path in self.path.rglob("*") if path.is_file())
        found = {path.relative_to(self.path).as_posix(): path.stat().st_size for path in files}
        return {name: str(found[name]) for name in sorted(found)}

    def listing(self) -> dict[str, str]:
        return self._listing

    def read(self, name: str) -> bytes:
        try:
            return (self.path / name).read_bytes()
        except OSError as error:
            raise DatasetError(f"{self.title(name)}: {error.strerror}") from error


class Zip(Files):
    """A zip archive, kept closed: nothing is unpacked to disk."""

    known = "names, sizes and CRCs"

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        try:
            self._archive = zipfile.ZipFile(path)
        except zipfile.BadZipFile as error:
            raise DatasetError(
                f"{path}: not a complete zip archive ({error}); copy it again"
            ) from error

    def listing(self) -> dict[str, str]:
        entries = {i.filename: i for i in self._archive.infolist() if not i.is_dir()}
        return {n: f"{entries[n].file_size} {entries[n].CRC:08x}" for n in sorted(entries)}

    def read(self, name: str) -> bytes:
        try:
            return self._archive.read(name)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, KeyError) as error:
            raise DatasetError(
                f"{self.title(name)}: damaged ({error}); copy {self.path} again"
            ) from error


def open_files(path: Path, wanted: str) -> Files:
    """Opens a folder or zip.

    Args:
        wanted: what belongs there, for the message.

    Raises:
        DatasetError: the path is missing, or is a file of another kind.
    """
    if path.is_dir():
        return Folder(path)
    if path.is_file() and path.suffix == ".zip":
        return Zip(path)
    found = f"a file of kind {path.suffix or 'without suffix'!r}" if path.exists() else "nothing"
    raise DatasetError(f"{path}: {found}, expected a folder or zip with {wanted}")


def read_npz(path: Path, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    """The named arrays of an ``.npz``, without executing anything it may hold.

    Raises:
        DatasetError: the file is missing, damaged, or lacks an array.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            missing = [name for name in names if name not in archive]
            if missing:
                raise DatasetError(
                    f"{path}: no array {missing[0]!r}, expected {', '.join(names)}; "
                    f"it has {', '.join(archive)}"
                )
            return {name: archive[name] for name in names}
    except FileNotFoundError as error:
        raise DatasetError(f"{path}: no such file; set LIFT_DATA to the folder above it") from error
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise DatasetError(f"{path}: damaged ({error}); copy it again") from error
