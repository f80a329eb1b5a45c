"""Progress as a person sees it: a bar that is drawn over in a terminal, whole lines in a log."""

import io
import os
import pty
import re
import sys
import termios

from lift import bars
from lift.bars import progress_bar


def write(stream, monkeypatch, seconds):
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(bars, "LOG_SECONDS", seconds)
    bar = progress_bar(total=4, desc="fit", initial=1, unit="step")
    for decibels in (20.5, 21.25, 22.0):
        bar.set_postfix(psnr=f"{decibels:.2f} dB", refresh=False)
        bar.update()
    bar.close()


def test_a_log_has_a_whole_line_a_status_with_metric_and_time_left(monkeypatch):
    log = io.StringIO()
    write(log, monkeypatch, 0.0)
    assert "\r" not in log.getvalue()
    lines = log.getvalue().splitlines()
    assert all(
        re.fullmatch(r"fit: \d of 4(, psnr=[\d.]+ dB)?, \S+ gone, \S+ left, .*step/s", line)
        for line in lines
    )
    assert lines[-1].startswith("fit: 4 of 4, psnr=22.00 dB, ")
    assert any(line.startswith("fit: 2 of 4, psnr=20.50 dB, ") for line in lines)


def test_what_is_over_before_the_first_line_is_due_writes_none(monkeypatch):
    log = io.StringIO()
    write(log, monkeypatch, 60.0)
    assert log.getvalue() == ""


def test_a_terminal_has_one_line_that_is_drawn_over(monkeypatch):
    reader, writer = pty.openpty()
    termios.tcsetwinsize(writer, (24, 100))
    with os.fdopen(writer, "w", encoding="utf-8") as terminal:
        write(terminal, monkeypatch, 60.0)
        shown = ""
        while "\n" not in shown:
            shown += os.read(reader, 10_000).decode()
    os.close(reader)
    assert shown.count("\n") == 1
    assert "\rfit: 100%" in shown
    assert "psnr=22.00 dB" in shown
