"""Snakemake's own process: a signal to it alone reaches the jobs that it runs here."""

from __future__ import annotations

import signal
from types import FrameType

import psutil


def pass_signals_on() -> None:
    """Tells the jobs to save and end, then lets Snakemake wait for them and free its lock.

    Snakemake alone would let running jobs go on until they are done, hours later perhaps, and HUP
    would end it without freeing its lock.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _stop)


def _stop(number: int, frame: FrameType | None) -> None:
    for job in psutil.Process().children():
        job.send_signal(number)
    raise KeyboardInterrupt
