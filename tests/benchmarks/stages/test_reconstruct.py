"""Reconstructions of shapes are measured at a data set's stored points where it has them."""

import numpy as np
import pytest
import torch

from benchmarks.datasets.dataset import LATTICE, Split
from benchmarks.records.result import read_result
from benchmarks.records.signals import read_psnr
from benchmarks.stages.experiment import StageError
from benchmarks.stages.reconstruct import at_stored_points, mean_metric
from lift import Domain
from tests.benchmarks.stages.commands import IMAGES, SHAPES, edit
from tests.lift.fields import small_lift


def test_stored_points_are_where_the_field_is_evaluated():
    rng = np.random.default_rng(0)
    points = rng.integers(0, LATTICE, (2, 50, 3)).astype(np.uint8)
    values = rng.integers(0, 2, (2, 50, 1)).astype(np.uint8)
    field = small_lift(Domain(3, 8, 1))
    split = Split(
        np.zeros((2, 64), np.uint8), None, field.domain, "voxel", np.arange(2), points, values
    )
    latent = field.zero_latent(1)
    found = at_stored_points(field, latent, split, np.array([1]))
    with torch.no_grad():
        coords = torch.from_numpy((points[1:] + 0.5) / LATTICE).float()
        error = (field(latent, coords) - torch.from_numpy(values[1:]).float()).square().mean()
    assert found["mse_near_surface"].item() == pytest.approx(error.item(), rel=1e-6)
    assert found["psnr_near_surface"].item() == pytest.approx(
        -10 * np.log10(error.item()), rel=1e-5
    )


def test_signals_without_a_value_are_left_out_and_counted():
    metric = mean_metric("chamfer", torch.tensor([0.5, float("nan"), 1.5]), "test", "")
    assert (metric.value, metric.samples, metric.note) == (1.0, 2, "1 undefined")
    nothing = mean_metric("chamfer", torch.tensor([float("nan")]), "test", "")
    assert (nothing.value, nothing.samples) == (None, 0)


def test_a_signal_that_diverged_is_never_left_out_of_a_mean():
    with pytest.raises(StageError, match=r"psnr of the test split: -inf for measured signal 1"):
        mean_metric("psnr", torch.tensor([30.0, -torch.inf, torch.nan]), "test", "")


def test_the_psnr_of_every_test_signal_is_kept(encoded):
    path = SHAPES.cell(encoded) / "reconstruction.json"
    result = read_result(path)
    kept = read_psnr(encoded / "results", result)
    assert kept is not None
    assert kept.shape == (5,)
    assert kept.mean() == pytest.approx(result.value("psnr", "test"), abs=1e-4)
    assert kept.std(ddof=1) == pytest.approx(result.value("psnr_std", "test"), rel=1e-4)


def test_one_signal_is_measured_without_what_takes_several(classified_copy, monkeypatch):
    def one(scale):
        scale["datasets"][IMAGES.dataset].update(
            encode={"train": 1, "test": 1}, evaluate={"train": 1, "test": 1}
        )

    edit(classified_copy, one)
    for stage in ("encode", "reconstruct"):
        IMAGES.run(monkeypatch, classified_copy, stage)
    result = read_result(IMAGES.cell(classified_copy) / "reconstruction.json")
    assert result.value("psnr", "test") > 0
    assert result.value("psnr_std", "test") is None
    assert not [metric.name for metric in result.metrics if "fd" in metric.name]
