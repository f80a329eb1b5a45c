"""The gate for continuous integration: passes within tolerance, names every regression."""

import sys
from pathlib import Path

import pytest

from benchmarks import cli
from benchmarks.records.result import Metric
from tests.benchmarks.tables.results_tree import provenance, psnr, write

WHERE = "dataset: cifar10, method: lift, stage: reconstruction, metric: psnr, split: test"


def run(root: Path, monkeypatch: pytest.MonkeyPatch, *entries: str) -> int | str:
    """Exit code of the gate for these expectations."""
    expected = root / "expected.yaml"
    expected.write_text(
        "expected:\n" + "".join(f"  - {{{entry}}}\n" for entry in entries), encoding="utf-8"
    )
    return gate(monkeypatch, root, expected)


def gate(monkeypatch: pytest.MonkeyPatch, root: Path, expected: Path, *more: str) -> int | str:
    """Exit code of ``lift gate``."""
    arguments = ["--scale", "tiny", "--expected", str(expected), "--results", str(root), *more]
    monkeypatch.setattr(sys, "argv", ["lift", "gate", *arguments])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    return caught.value.code


@pytest.mark.parametrize(
    ("expectation", "code"),
    [
        ("value: 31.0, absolute: 0.3", 0),
        ("value: 31.0, absolute: 0.1", 1),
        ("value: 31.0, relative: 0.01", 0),
        ("value: 31.0, relative: 0.001", 1),
        ("value: 32.0, relative: 0.01", 1),
        ("value: 25.0, absolute: 0.1, better: higher", 0),
        ("value: 25.0, absolute: 0.1, better: lower", 1),
        ("value: 25.0, absolute: 0.1", 1),
        ("value: 31.2, absolute: 0, signals: 3200", 0),
        ("value: 31.2, absolute: 0, signals: 6400", 1),
        ("value: 31.2, absolute: 0, device: cpu", 1),
        ("value: 31.2, absolute: 0, seed: 1", 2),
    ],
)
def test_gate(tmp_path: Path, monkeypatch, expectation: str, code: int) -> None:
    write(tmp_path, "cifar10", psnr(31.2))
    assert run(tmp_path, monkeypatch, f"{WHERE}, {expectation}") == code


def test_gate_names_each_regression(tmp_path: Path, monkeypatch, capsys) -> None:
    write(tmp_path, "cifar10", psnr(31.2))
    write(tmp_path, "crops", [], failed="killed by signal 9")
    crops = WHERE.replace("cifar10", "crops")
    code = run(
        tmp_path,
        monkeypatch,
        f"{WHERE}, value: 33, absolute: 0.5",
        f"{WHERE}, value: 31, absolute: 0.5",
        f"{crops}, value: 33, absolute: 0.5",
    )
    lines = capsys.readouterr().out.splitlines()
    assert code == 1
    assert lines == [
        "REGRESSION cifar10/lift/seed0 reconstruction psnr (test): 31.2, expected 33 within 0.5; "
        "off by -1.8",
        "REGRESSION crops/lift/seed0 reconstruction psnr (test): failed: killed by signal 9",
        "1 of 3 metrics as expected",
    ]


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ("value: 31", "either an absolute or a relative tolerance"),
        ("value: 31, absolute: 1, relative: 1", "either an absolute or a relative tolerance"),
        ("value: 31, absolut: 1", "absolut: Extra inputs"),
        ("value: high, absolute: 1", "got 'high'"),
    ],
)
def test_wrong_expectations_are_one_clear_error(
    tmp_path: Path, monkeypatch, capsys, entry: str, complaint: str
) -> None:
    assert run(tmp_path, monkeypatch, f"{WHERE}, {entry}") == 2
    said = capsys.readouterr().err
    assert said.startswith("lift: ")
    assert complaint in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("dataset: cifar10", "dataset: cifra10", "no data set 'cifra10' in {root}/tiny; it has"),
        ("method: lift", "method: lyft", "no method 'lyft' in {root}/tiny/cifar10; it has lift"),
        ("stage: reconstruction", "stage: recon", "no stage 'recon' in {root}/tiny/cifar10/lift"),
        ("metric: psnr", "metric: psrn", "no such metric; there are psnr (test)"),
        ("split: test", "split: train", "no such metric; there are psnr (test)"),
        ("split: test", "scale: tyni", "no scale 'tyni' in {root}; it has tiny"),
    ],
)  # fmt: skip
def test_a_name_that_is_not_there_exits_with_2_and_says_what_is(
    tmp_path: Path, monkeypatch, capsys, old: str, new: str, complaint: str
) -> None:
    write(tmp_path, "cifar10", psnr(31.2))
    assert run(tmp_path, monkeypatch, f"{WHERE.replace(old, new)}, value: 31, absolute: 1") == 2
    assert complaint.format(root=tmp_path) in capsys.readouterr().err


def test_recorded_metrics_are_as_expected_until_one_changes(
    tmp_path: Path, monkeypatch, capsys
) -> None:
    expected = tmp_path / "new.yaml"
    write(tmp_path, "cifar10", psnr(31.2))
    write(tmp_path, "cifar10", psnr(5.0), scale="published", stage="cost")
    write(tmp_path, "cifar10", psnr(9.0), method="lift+trial")  # which a checkout has not
    assert not gate(monkeypatch, tmp_path, expected, "--record", "--relative", "0.01")
    assert not gate(monkeypatch, tmp_path, expected)
    write(tmp_path, "cifar10", psnr(30.8))
    assert gate(monkeypatch, tmp_path, expected) == 1
    assert not gate(monkeypatch, tmp_path, expected, "--record")
    assert not gate(monkeypatch, tmp_path, expected)
    assert "2 of 2 metrics as expected" in capsys.readouterr().out
    assert "relative: 0.01" in expected.read_text(encoding="utf-8")


def test_a_value_that_is_gone_does_not_replace_a_good_one(
    tmp_path: Path, monkeypatch, capsys
) -> None:
    expected = tmp_path / "new.yaml"
    write(tmp_path, "cifar10", psnr(31.2))
    assert not gate(monkeypatch, tmp_path, expected, "--record")
    before = expected.read_bytes()
    write(tmp_path, "cifar10", [Metric(name="psnr", value=None, unit="dB", split="test")])
    assert gate(monkeypatch, tmp_path, expected, "--record") == 2
    assert "psnr (test): has no value, so 31.2 stays expected" in capsys.readouterr().err
    assert expected.read_bytes() == before


@pytest.mark.parametrize(
    ("device", "code"), [("cpu", 0), ("cpu, no bfloat16 products", 0), ("H", 1)]
)
def test_what_a_device_lacks_is_no_part_of_its_name(
    tmp_path: Path, monkeypatch, device: str, code: int
) -> None:
    write(tmp_path, "cifar10", psnr(31.2), recorded=provenance({}, device))
    assert run(tmp_path, monkeypatch, f"{WHERE}, value: 31.2, absolute: 0, device: cpu") == code


def test_a_failure_is_not_recorded(tmp_path: Path, monkeypatch, capsys) -> None:
    write(tmp_path, "cifar10", psnr(31.2))
    write(tmp_path, "crops", [], failed="killed by signal 9")
    assert gate(monkeypatch, tmp_path, tmp_path / "recorded.yaml", "--record") == 2
    said = "crops/lift/seed0 reconstruction: failed: killed by signal 9; nothing recorded"
    assert said in capsys.readouterr().err


def test_a_recorded_zero_has_a_tolerance_in_its_unit(tmp_path: Path, monkeypatch) -> None:
    expected = tmp_path / "recorded.yaml"
    write(tmp_path, "cifar10", psnr(0.0))
    assert not gate(monkeypatch, tmp_path, expected, "--record", "--relative", "0.01")
    write(tmp_path, "cifar10", psnr(0.009))
    assert not gate(monkeypatch, tmp_path, expected)
    write(tmp_path, "cifar10", psnr(0.011))
    assert gate(monkeypatch, tmp_path, expected) == 1


def test_nothing_is_recorded_of_nothing(tmp_path: Path, monkeypatch, capsys) -> None:
    (tmp_path / "other").mkdir()
    assert gate(monkeypatch, tmp_path, tmp_path / "new.yaml", "--record") == 2
    assert "tiny: no results" in capsys.readouterr().err
    assert not (tmp_path / "new.yaml").exists()
