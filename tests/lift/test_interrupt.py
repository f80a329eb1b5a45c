"""Signals as flags and as exceptions."""

import os
import signal

import pytest

from lift import interrupt
from lift.interrupt import SIGNALS, Interrupted, interruptible, stop_requests


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_sets_the_flag_and_the_loop_goes_on(number):
    with stop_requests() as stop:
        assert not stop.asked
        os.kill(os.getpid(), number)
        assert stop.asked


def test_one_ctrl_c_that_arrives_twice_is_one_request():
    with stop_requests() as stop:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.asked


def test_a_second_ctrl_c_stops_at_once(monkeypatch):
    monkeypatch.setattr(interrupt, "SAME_REQUEST_SECONDS", 0.0)
    with interruptible(), stop_requests():
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(Interrupted, match="SIGINT"):
            os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize("number", SIGNALS)
def test_outside_a_loop_a_signal_ends_the_block(number):
    with pytest.raises(Interrupted, match=signal.Signals(number).name), interruptible():
        os.kill(os.getpid(), number)


def test_handlers_are_put_back():
    before = [signal.getsignal(number) for number in SIGNALS]
    with interruptible(), stop_requests():
        pass
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_an_ignored_signal_stays_ignored(monkeypatch):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    try:
        with interruptible(), stop_requests() as stop:
            os.kill(os.getpid(), signal.SIGHUP)
            assert not stop.asked
    finally:
        signal.signal(signal.SIGHUP, before)


def test_an_interruption_is_no_failure():
    assert not issubclass(Interrupted, Exception)
