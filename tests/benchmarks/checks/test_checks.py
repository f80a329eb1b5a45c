"""Each property is seen where it lacks, and it alone."""

import sys

import pytest

from benchmarks.checks.__main__ import main
from benchmarks.checks.named import subject_of, subject_of_method
from benchmarks.checks.property import examine
from benchmarks.checks.subject import Subject
from benchmarks.checks.suite import PROPERTIES
from lift.field import Domain
from tests.benchmarks.checks.broken_fields import BROKEN, DOMAIN, Good

HERE = "tests.benchmarks.checks.broken_fields"


QUICK = [wanted for wanted in PROPERTIES if wanted.name != "one graph"]
"""All but one that takes a second."""


def failures(subject, properties=PROPERTIES):
    findings = examine(subject, properties)
    return {f.property.name: f.remark for f in findings if f.status == "failed"}


def test_a_field_with_every_property_passes_all():
    findings = examine(Subject(lambda: Good(DOMAIN)), PROPERTIES)
    assert [finding for finding in findings if finding.status != "ok"] == []
    assert len(findings) >= 20


@pytest.mark.parametrize("name", BROKEN)
def test_a_field_that_lacks_one_property_fails_it_alone(name):
    tried = PROPERTIES if name == "one graph" else QUICK
    assert list(failures(Subject(lambda: BROKEN[name](DOMAIN)), tried)) == [name]


def test_training_that_runs_away_is_seen():
    subject = Subject(lambda: Good(DOMAIN), rate=1e3)
    assert list(failures(subject)) == ["training lowers the loss"]


def test_every_property_but_those_of_the_machinery_has_a_field_that_lacks_it():
    names = {wanted.name for wanted in PROPERTIES}
    assert names - set(BROKEN) == {
        "training lowers the loss",  # above
        "replayed is unrolled",  # one field, two ways of this project
        "micro-batches add up",
    }


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_baselines_pass_at_sizes_that_no_scale_has(dimensions):
    domain = Domain(dimensions, 4, 2)
    settings = {"width": 16, "depth": 4, "cells": 2, "latent_channels": 6, "w0": 10.0, "kernel": 3}
    settings["inner_rates"] = {"between": (0.005, 0.1), "learned": "coordinate"}
    bilinear = {**settings, "reading": "bilinear"}
    spatial = "baselines.spatial_functa:SpatialFuncta"
    assert failures(subject_of(spatial, bilinear, domain), QUICK) == {}


def test_a_configured_method_passes():
    assert failures(subject_of_method("demo", "embedded-images", "lift"), QUICK) == {}


def command(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["check", *arguments])
    with pytest.raises(SystemExit) as left:
        main()
    return left.value.code


def test_the_command_prints_a_line_a_property(monkeypatch, capsys):
    assert command(monkeypatch, f"{HERE}:Good", "--resolution", "4") == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(PROPERTIES) + 1
    assert lines[0].split() == ["ok", "builds", "185", "parameters"]
    assert lines[-1].startswith(f"{len(PROPERTIES)} of {len(PROPERTIES)} properties ok, 0 failed")


def test_a_failure_says_what_was_expected_and_exits_with_1(monkeypatch, capsys):
    assert command(monkeypatch, f"{HERE}:StatesAnotherLatent", "--resolution", "4") == 1
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("failed")]
    assert "5 stated, 6 counted - expected: " in line


def test_settings_are_the_constructors(monkeypatch, capsys, tmp_path):
    file = tmp_path / "settings.yaml"
    file.write_text("{width: 8}", encoding="utf-8")
    assert command(monkeypatch, f"{HERE}:Good", "--settings", str(file)) == 1
    first = capsys.readouterr().out.splitlines()[0]
    assert first.startswith("failed     builds")
    assert "unexpected keyword argument 'width'" in first


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.at.all:Field"], "check: module 'nowhere.at.all' cannot be imported: No module"),
        ([f"{HERE}:Absent"], f"check: field: '{HERE}:Absent': expected package.module:Class"),
        ([HERE], f"check: field: '{HERE}': expected package.module:Class"),
        ([f"{HERE}:Good", "--settings", "/absent.yaml"], "check: [Errno 2] No such file"),
        (["--method", "nerf"], "check: config/scales/demo.yaml: embedded-images does not run"),
    ],
)
def test_a_wrong_name_is_one_line(monkeypatch, arguments, message):
    assert str(command(monkeypatch, *arguments)).startswith(message)
