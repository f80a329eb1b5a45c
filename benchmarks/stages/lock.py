"""A stage of a cell is written by one process at a time."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from lift.files import WriteError

WAIT = "LIFT_WAIT_FOR_LOCKS"
"""Environment variable that the workflow sets: its jobs wait for whoever writes their results."""


class LockedError(RuntimeError):
    """Another process writes the same results."""


@contextmanager
def written_here(result: Path) -> Iterator[None]:
    """Holds the lock of one result while the block writes it and what belongs to it.

    The kernel frees the lock on any end of the process; the owner's host and process id stand in a
    file beside it, for whoever comes second.

    Raises:
        LockedError: another process holds it; where `WAIT` is set it is waited for instead.
        WriteError: the folder may not be written.
    """
    lock, owner = FileLock(result.with_name(f".{result.stem}.lock")), _owner(result)
    try:
        result.parent.mkdir(parents=True, exist_ok=True)
        _acquire(lock, result)
        owner.write_text(f"process {os.getpid()} on {socket.gethostname()}\n", encoding="utf-8")
    except OSError as error:
        lock.release()
        raise WriteError(f"{result} could not be written: {error.strerror or error}") from error
    try:
        yield
    finally:
        owner.unlink(missing_ok=True)
        lock.release()


def _owner(result: Path) -> Path:
    return result.with_name(f".{result.stem}.owner")


def _acquire(lock: FileLock, result: Path) -> None:
    try:
        lock.acquire(timeout=0)
        return
    except Timeout:
        pass
    try:
        holder = _owner(result).read_text(encoding="utf-8").strip()
    except OSError:
        holder = "another process"
    if not os.environ.get(WAIT):
        raise LockedError(
            f"{result}: {holder} is writing it; wait for it or end it, then run again"
        )
    print(f"{result}: waiting for {holder}, which is writing it", file=sys.stderr, flush=True)
    lock.acquire()
