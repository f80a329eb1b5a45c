"""What a program says when it cannot go on: one line for its user, a traceback for a bug."""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.stages.parent import end_with_requester
from lift.bars import close_bars
from lift.interrupt import EXIT_CODE, Interrupted, interruptible
from lift.meta.parallel import local_rank, processes

PACKAGES = ("lift", "baselines", "benchmarks")
MACHINE = {
    errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.ESTALE,
    errno.EEXIST, errno.EISDIR, errno.ENOTDIR,
}  # fmt: skip
"""Errors of the operating system that are no mistake in code: no space, no permission, or a
file where a folder should be."""


def is_told(error: BaseException) -> bool:
    """Whether an error says by itself what is wrong and what to do: this project's own classes."""
    if isinstance(error, OSError) and error.errno in MACHINE:
        return True
    return type(error).__module__.partition(".")[0] in PACKAGES


@contextmanager
def one_line(name: str, *, shared: bool = False) -> Iterator[None]:
    """Ends the program with one line and exit code 1, or 130 where a signal stopped it.

    Any other error is a bug, and keeps its traceback. A program also ends with the process that
    started it, where that one says so (`benchmarks.stages.parent`).

    Args:
        shared: the processes that ``torchrun`` starts do it together; else several are refused.
    """
    if not shared and processes() > 1:
        said = f"{name}: {processes()} processes were started; it takes one, without torchrun"
        sys.exit(0 if local_rank() else said)  # torchrun ends the rest when one fails, mute or not
    end_with_requester()
    try:
        with interruptible():
            yield
    except Interrupted as error:
        close_bars()
        print(f"{name}: {error}", file=sys.stderr, flush=True)
        sys.exit(EXIT_CODE)
    except Exception as error:
        if not is_told(error):
            raise
        close_bars()
        sys.exit(f"{name}: {error}")
