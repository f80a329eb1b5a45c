"""No program outlives whoever started it: a job, torchrun."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time

PR_SET_PDEATHSIG = 1
REQUESTER = "LIFT_REQUESTER"
"""Environment variable: the process that started this one, and that it ends with."""


def end_with_requester() -> None:
    """Has this process get TERM when the one that `REQUESTER` names ends; without it, nothing."""
    # Taken away: what this process starts has another parent.
    if requester := os.environ.pop(REQUESTER, ""):
        end_with(int(requester))


def end_with(parent: int) -> None:
    """Has this process get TERM when the process ``parent``, which started it, ends in any way.

    Linux sends the signal by itself; elsewhere a thread looks once a second.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:  # it ended before the signal was ordered
            os.kill(os.getpid(), signal.SIGTERM)
        return
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)
