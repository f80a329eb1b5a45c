"""Files from the web: whole, or not there at all."""

from __future__ import annotations

from pathlib import Path

import pooch

from benchmarks.datasets.errors import DatasetError, cause

SECONDS = 60
"""Silence of a server after which it counts as gone."""


def fetch(url: str, known_hash: str, path: Path) -> None:
    """Downloads a file to ``path``, unless it is there already.

    A file with another hash, such as the beginning that an interrupted download of some other
    program left, is fetched again. What is written appears complete, or not at all.

    Args:
        known_hash: ``md5:...`` or ``sha256:...``.

    Raises:
        DatasetError: it cannot be fetched or written, or the server has another file.
    """
    downloader = pooch.HTTPDownloader(progressbar=True, timeout=SECONDS)
    try:
        pooch.retrieve(url, known_hash, path.name, path.parent, downloader=downloader)
    except (OSError, ValueError) as error:
        raise DatasetError(
            f"{path}: {url} could not be downloaded ({cause(error)}); try again, or put the file "
            "there by hand"
        ) from error
