"""Ctrl-C, a scheduler's TERM and a closed terminal's HUP, as something that a program can answer.

A block of `interruptible` ends by `Interrupted` at once; in one of `stop_requests` a signal is a
flag that a loop polls, to save first:

    if stop.asked:
        save()
        raise Interrupted(f"step {done} of {steps} is kept; run it again to go on")
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
EXIT_CODE = 130
"""Of a program that was interrupted: as a shell says of one that Ctrl-C ended."""
SAME_REQUEST_SECONDS = 1.0
"""A terminal and whoever started this process may both pass one Ctrl-C on: it counts once."""

Handler = Callable[[int, FrameType | None], None]


class Interrupted(KeyboardInterrupt):
    """A signal asked this program to stop; the message says how far it got, and how to go on.

    No ``Exception``, so that nothing that deals with failures takes it for one.
    """


class StopRequest:
    """Whether a signal has come: ``asked`` is False until then."""

    def __init__(self) -> None:
        self.asked = False
        self._since = 0.0

    def repeats(self) -> bool:
        """Notes a signal; whether it is the same request as the one before, passed on twice."""
        before, self._since = self._since, time.monotonic()
        return self.asked and self._since - before <= SAME_REQUEST_SECONDS


@contextmanager
def interruptible() -> Iterator[None]:
    """Every signal of `SIGNALS` raises `Interrupted` inside the block."""
    request = StopRequest()

    def stop(number: int, frame: FrameType | None) -> None:
        if request.repeats():
            return
        request.asked = True
        raise Interrupted(f"stopped by {signal.Signals(number).name}")

    with _handled_by(lambda previous: stop):
        yield


@contextmanager
def stop_requests() -> Iterator[StopRequest]:
    """The first signal sets a flag; a second one does what it did outside the block, at once."""
    request = StopRequest()

    def answer(previous: signal.Handlers | Handler | int | None) -> Handler:
        def first_or_second(number: int, frame: FrameType | None) -> None:
            if request.repeats():
                return
            if request.asked:
                if callable(previous):
                    previous(number, frame)
                raise Interrupted(f"stopped by a second {signal.Signals(number).name}")
            request.asked = True

        return first_or_second

    with _handled_by(answer):
        yield request


@contextmanager
def _handled_by(
    answer: Callable[[signal.Handlers | Handler | int | None], Handler],
) -> Iterator[None]:
    """Sets handlers and puts the previous ones back; only a main thread can, others go without."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = {number: signal.getsignal(number) for number in SIGNALS}
    # A signal that whoever started this process ignores (nohup) stays ignored.
    taken = [number for number in SIGNALS if previous[number] != signal.SIG_IGN]
    try:
        for number in taken:
            signal.signal(number, answer(previous[number]))
        yield
    finally:
        for number in taken:
            signal.signal(number, previous[number])
