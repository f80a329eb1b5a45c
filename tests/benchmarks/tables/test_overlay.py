"""Curves of several methods in one figure, of which one may have failed."""

import sys

from benchmarks.records.result import result_path
from benchmarks.tables import overlay
from benchmarks.workflow.programs import write_failure
from tests.benchmarks.tables.test_time_to_quality import leave, rows


def test_a_failed_training_has_no_line_and_stops_no_figure(tmp_path, monkeypatch):
    curve = rows((100, 10, 20, 20), (900, 100, 30, 30))
    leave(tmp_path, "lift", 0, curve, scale="budget")
    place = ("budget", "cifar10", "functa", 0, "fit")
    write_failure(result_path(tmp_path, *place), "it diverged")
    named = ["--scale", "budget", "--dataset", "cifar10", "--methods", "lift", "functa"]
    monkeypatch.setattr(sys, "argv", ["overlay", *named, "--root", str(tmp_path)])
    overlay.main()
    made = tmp_path / "budget" / "cifar10" / "lift_functa.png"
    assert made.read_bytes()[:4] == b"\x89PNG"
