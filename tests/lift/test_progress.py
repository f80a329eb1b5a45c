"""The clock of a training counts its own time once."""

import pytest

from lift import progress as module
from lift.progress import Progress


def test_a_state_saved_in_a_pause_has_the_seconds_of_before_it(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    progress = Progress(_began=100.0)
    now[0] += 30
    with progress.paused():
        now[0] += 5
        assert progress.state()["seconds"] == 30
    now[0] += 1
    assert progress.clock() == 31


def test_the_best_level_may_be_zero():
    progress = Progress()
    for value in (0.0, -20.0):
        progress.follow(value)
    assert progress.level == pytest.approx(-4.0)
    assert progress.best_level == 0.0
