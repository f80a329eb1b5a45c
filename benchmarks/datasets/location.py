"""Where data sets that are not downloaded are looked for, and the hashes of their files."""

from __future__ import annotations

import os
import re
from pathlib import Path

from benchmarks.datasets.errors import DatasetError
from benchmarks.datasets.formats.reading import missing, read_lines
from benchmarks.records.provenance import ROOT, sha256

DEFAULT = ROOT.parent / "shared" / "data"


def data_root() -> Path:
    """The folder that LIFT_DATA names (``~`` is the home folder), else ``shared/data`` beside.

    Raises:
        DatasetError: it names the home folder of nobody.
    """
    named = os.environ.get("LIFT_DATA")
    return _expanded(named, "LIFT_DATA") if named else DEFAULT


def located(path: str) -> Path:
    """A path of a configuration: below ``data_root`` unless it is absolute or starts with ``~``."""
    return data_root() / _expanded(path, "path")


def _expanded(path: str, name: str) -> Path:
    """A path whose ``~`` is replaced."""
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise DatasetError(f"{name}: {path}: {error}, expected a folder") from error


def hashes(root: Path, paths: list[Path]) -> dict[str, str]:
    """SHA-256 of each file, by its path below ``root``, checked where ``SHA256SUMS`` lists it.

    Raises:
        DatasetError: a file is missing, or is not the one that was published.
    """
    listed = _listed(root / "SHA256SUMS")
    found = {}
    for path in paths:
        name = str(path.relative_to(root)) if path.is_relative_to(root) else path.name
        try:
            found[name] = sha256(path)
        except FileNotFoundError as error:
            raise missing(path) from error
        except OSError as error:
            raise DatasetError(f"{path}: {error.strerror}, expected a readable file") from error
        if listed.get(name, found[name]) != found[name]:
            raise DatasetError(
                f"{path}: SHA-256 {found[name][:12]}, expected {listed[name][:12]}; copy it again"
            )
    return found


def _listed(sums: Path) -> dict[str, str]:
    """Hashes by file name, as ``sha256sum`` writes them; none where there is no such file."""
    listed = {}
    for line in read_lines(sums) if sums.exists() else ():
        match = re.fullmatch(r"([0-9a-f]{64}) [ *](?:\./)?(.+)", line)
        if not match:
            raise DatasetError(f"{sums}: {line[:80]!r}, expected SHA-256 and a file's name")
        listed[match[2]] = match[1]
    return listed
