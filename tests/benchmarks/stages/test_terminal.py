"""What a stage says: a line at its start, a line at its end, readable progress in a log between."""

import shlex

import pytest

from benchmarks.datasets.dataset import open_prepared
from benchmarks.records.result import Metric, read_result
from benchmarks.stages.terminal import score
from lift import bars
from lift.checkpoint import load_tensors
from tests.benchmarks.stages.commands import SHAPES

cell, run, failure = SHAPES.cell, SHAPES.run, SHAPES.failure


def lines(capsys):
    out, err = capsys.readouterr()
    assert "\r" not in out + err
    return out.splitlines(), err.splitlines()


def test_a_training_says_what_it_is_where_it_goes_on_and_what_came_of_it(
    encoded_copy, monkeypatch, capsys
):
    run(monkeypatch, encoded_copy, "fit")
    (first, goes_on, last), _ = lines(capsys)
    counts = open_prepared(encoded_copy / "data" / SHAPES.dataset).manifest.counts
    weights = load_tensors(cell(encoded_copy) / "field.safetensors")[0]
    assert first.startswith("fit: lift on embedded-voxels, scale demo, seed 0; ")
    assert f"{counts['train']} train, {counts['test']} test signals of 32x32x32x1" in first
    assert "16 and 4 of train for fitting and validation" in first
    assert f"{sum(t.numel() for t in weights.values()):,} parameters" in first
    assert "; cpu, " in first
    assert first.endswith("; 4 steps of 4, 16 signals")
    assert goes_on.endswith("checkpoint.safetensors: continuing at step 4")
    psnr = read_result(cell(encoded_copy) / "fit.json").value("psnr", "validation")
    assert last.startswith(f"fit: psnr {psnr:.4g} dB (validation) after ")
    assert "field.safetensors, fit.json in " in last


def test_the_next_command_is_one_that_runs(encoded_copy, monkeypatch, capsys):
    run(monkeypatch, encoded_copy, "fit")
    said = lines(capsys)[0][-1]
    _, _, module, *words = shlex.split(said.rpartition("; next: ")[2])
    assert module == "benchmarks.stages.encode"
    assert words[:6] == ["--scale", "demo", "--dataset", SHAPES.dataset, "--method", "lift"]
    assert words[6:] == [
        *("--results", str(encoded_copy / "results"), "--data", str(encoded_copy / "data")),
    ]


def test_a_log_of_a_training_has_lines_with_its_metric(encoded_copy, monkeypatch, capsys):
    (cell(encoded_copy) / "checkpoint.safetensors").unlink()
    monkeypatch.setattr(bars, "LOG_SECONDS", 0.0)
    run(monkeypatch, encoded_copy, "fit")
    _, progress = lines(capsys)
    assert sum(" of 4, psnr=" in line for line in progress) >= 2
    assert progress[-1].startswith("fit: 4 of 4, psnr=")
    assert " left, " in progress[-1]


def test_a_stage_that_cannot_be_described_says_why_it_fails(encoded_copy, monkeypatch, capsys):
    manifest = encoded_copy / "data" / SHAPES.dataset / "manifest.json"
    manifest.write_text("{", encoding="utf-8")
    assert str(manifest) in failure(monkeypatch, encoded_copy, "fit")
    (first,), _ = lines(capsys)
    assert first.startswith("fit: lift on embedded-voxels, scale demo, seed 0; cpu, ")


@pytest.mark.parametrize(
    ("metrics", "said"),
    [
        ([("mse", 0.1, "1", "test"), ("psnr", 24.314, "dB", "test")], "psnr 24.31 dB (test)"),
        ([("psnr", 30.0, "dB", "train"), ("psnr", 24.0, "dB", "test")], "psnr 24 dB (test)"),
        ([("fd_clip", None, "1", "generated"), ("kid", 2.5, "1", "train")], "kid 2.5 (train)"),
        ([("macs", 1e6, "1", "none")], "macs 1,000,000"),
        (
            [
                ("observed_psnr", 34.0, "dB", "none"),
                ("relift_first_factor", 1.0, "1", "none"),
                ("relift_psnr", 29.64, "dB", "none"),
                ("siren_psnr_muon", 31.2, "dB", "none"),
            ],
            "siren_psnr_muon 31.2 dB",
        ),
        ([], ""),
    ],
)
def test_the_score_is_psnr_or_top1_of_the_split_that_counts(metrics, said):
    found = [Metric(name=n, value=v, unit=u, split=s) for n, v, u, s in metrics]
    assert score(found) == said
