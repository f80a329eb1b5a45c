"""A report of a demo of which two cells ran, one failed half-way, and the rest did not run."""

from datetime import UTC, datetime

import numpy as np
import pytest

from benchmarks.figures.reconstruction import reconstruction_sheet
from benchmarks.figures.signal_sheet import signal_sheet
from benchmarks.records.confusion import write_confusion
from benchmarks.records.result import Budget, Metric, Provenance, Result, result_path, write_result
from benchmarks.records.signals import write_psnr
from benchmarks.report.page import content, page
from benchmarks.settings.scale import load_scale

CELL = "demo/embedded-images/lift/seed0"
CURVE = "step,signals,seconds,rate,loss,gradient_norm,train_psnr,validation_psnr\n"
ROWS = "10,160,1.5,0.001,0.04,0.1,15.0,\n20,320,3.0,0.001,0.02,0.1,{psnr},{psnr}\n"
PROVENANCE = Provenance(
    config={}, config_hash="0", code_digest="0", git_commit="0123456789ab", threads=2,
    packages={"torch": "2.13.0"}, device="cpu", hardware="Chip, 4 cores, 8 GB",
    finished=datetime(2026, 3, 1, 14, 5, tzinfo=UTC), wall_seconds=120.0, peak_memory_bytes=1,
)  # fmt: skip


def leave(root, method, stage, metrics, failed="", psnr=None):
    """One result of the demo, Functa's without a date; returns its folder."""
    undated = PROVENANCE.model_copy(update={"finished": None})
    path = result_path(root, "demo", "embedded-images", method, 0, stage)
    each = None if psnr is None else np.full(192, psnr)
    signals = {} if each is None else write_psnr(path.parent, "reconstruction", each)
    result = Result(
        stage=stage, scale="demo", dataset="embedded-images", method=method, seed=0,
        status="failed" if failed else "ok", reason=failed, metrics=metrics,
        provenance=undated if method == "functa" else PROVENANCE,
        budget=Budget(signals=3200, published_signals=40_000_000),
        artifacts=signals,
    )  # fmt: skip
    write_result(path, result)
    return path.parent


def leave_cell(root, method, psnr, floats, seconds=31.0):
    """What the first stages of one cell leave."""
    seconds = Metric(name="training_seconds", value=seconds, unit="s", split="train")
    folder = leave(root, method, "fit", [seconds])
    (folder / "curve.csv").write_text(CURVE + ROWS.format(psnr=psnr), encoding="utf-8")
    leave(root, method, "encode", [])
    quality = [
        Metric(name="psnr", value=psnr, unit="dB", split="test", samples=192),
        Metric(name="latent_floats", value=floats, unit="1", split="none"),
        Metric(name="rfd_effnetlite0", value=60 + psnr, unit="1", split="test", note="biased"),
    ]
    leave(root, method, "reconstruction", quality, psnr=psnr)
    images = np.random.default_rng(0).random((3, 8, 8, 3))
    reconstruction_sheet(images, images / 2, [psnr] * 3, folder / "reconstruction.png")
    signal_sheet([("all", images)] * 2, folder / "interpolation.png", up=0)
    leave(root, method, "interpolation", [])


@pytest.fixture(scope="session")
def root(tmp_path_factory):
    """The folder of results."""
    root = tmp_path_factory.mktemp("results")
    leave_cell(root, "lift", 31.0, floats=6400, seconds=720.0)  # of two runs
    write_confusion(root / CELL, np.array([[3, 1], [0, 2]]), ["cat", "dog"])
    losses = "step,signals,seconds,loss\n1,8,0.5,2.0\n2,16,1.0,1.0\n"
    (root / CELL / "classifier_1_curve.csv").write_text(losses, encoding="utf-8")
    leave_cell(root, "functa", 25.0, floats=128)
    leave(root, "functa", "generation", [], failed="step 7: loss nan")
    return root


@pytest.fixture(scope="session")
def found(root):
    """What the page shows."""
    return content(root, load_scale("demo"))


@pytest.fixture(scope="session")
def html(found):
    """The page."""
    return page(found, "demo/")
