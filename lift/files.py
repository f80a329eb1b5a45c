"""Files that are written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

UNFINISHED = "unfinished"


class WriteError(OSError):
    """A file that could not be written: a full disk, say, or a folder that may not be changed."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yields a path beside ``path`` to write to, and renames it on success.

    Raises:
        WriteError: the write failed; ``path`` keeps what it held and the unfinished file is gone.
    """
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.{UNFINISHED}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield unfinished
        with unfinished.open("rb+") as file:
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as error:
        raise WriteError(f"{path} could not be written: {error.strerror or error}") from error
    finally:
        unfinished.unlink(missing_ok=True)


def unfinished_of(path: Path) -> list[Path]:
    """What processes that were killed, or still write, have left of ``path``."""
    return sorted(path.parent.glob(f".{path.name}.*.{UNFINISHED}"))
