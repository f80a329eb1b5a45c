"""Where data sets that are not downloaded are looked for, and the hashes of their files."""

from __future__ import annotations

import os
from pathlib import Path

from benchmarks.datasets.dataset import DatasetError
from benchmarks.records.provenance import ROOT, sha256

DEFAULT = ROOT.parent / "shared" / "data"


def data_root() -> Path:
    """The folder that LIFT_DATA names, else ``shared/data`` beside the project."""
    return Path(os.environ.get("LIFT_DATA") or DEFAULT)


def located(path: str) -> Path:
    """A path of a configuration: below ``data_root`` unless it is absolute or starts with ``~``."""
    return data_root() / Path(path).expanduser()


def hashes(root: Path, paths: list[Path]) -> dict[str, str]:
    """SHA-256 of each file, by its path below ``root``, checked where ``SHA256SUMS`` lists it.

    Raises:
        DatasetError: a file is missing, or is not the one that was published.
    """
    listed = {}
    sums = root / "SHA256SUMS"
    if sums.exists():
        for line in sums.read_text().splitlines():
            expected, name = line.split(maxsplit=1)
            listed[name.lstrip("*").removeprefix("./")] = expected
    found = {}
    for path in paths:
        name = str(path.relative_to(root)) if path.is_relative_to(root) else path.name
        try:
            found[name] = sha256(path)
        except FileNotFoundError as error:
            raise DatasetError(
                f"{path}: no such file; set LIFT_DATA to the folder that holds {name}"
            ) from error
        if listed.get(name, found[name]) != found[name]:
            raise DatasetError(
                f"{path}: SHA-256 {found[name][:12]}, expected {listed[name][:12]}; copy it again"
            )
    return found
