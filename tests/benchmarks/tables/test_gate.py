"""The gate for continuous integration: passes within tolerance, names every regression."""

import sys
from pathlib import Path

import pytest

from benchmarks.tables import gate
from tests.benchmarks.tables.results_tree import psnr, write

WHERE = "dataset: cifar10, method: lift, stage: reconstruction, metric: psnr, split: test"


def run(root: Path, monkeypatch: pytest.MonkeyPatch, *entries: str) -> int | str:
    """Exit code of the gate, or its message, for these expectations."""
    expected = root / "expected.yaml"
    expected.write_text(
        "expected:\n" + "".join(f"  - {{{entry}}}\n" for entry in entries), encoding="utf-8"
    )
    arguments = ["--scale", "tiny", "--expected", str(expected), "--root", str(root)]
    monkeypatch.setattr(sys, "argv", ["gate", *arguments])
    with pytest.raises(SystemExit) as caught:
        gate.main()
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
        ("value: 31.2, absolute: 0, seed: 1", 1),
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
    tmp_path: Path, monkeypatch, entry: str, complaint: str
) -> None:
    message = run(tmp_path, monkeypatch, f"{WHERE}, {entry}")
    assert str(message).startswith("gate: ")
    assert complaint in str(message)
