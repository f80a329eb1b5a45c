"""The tasks: what is shown, what is hidden, and signals that cannot be used."""

import numpy as np
import pytest
import torch
from PIL import Image
from pydantic import ValidationError

from benchmarks.stages.single_signal.settings import ScaleSizes, load_single_signal
from benchmarks.stages.single_signal.signals import SignalError, reduced
from benchmarks.stages.single_signal.tasks import FACTOR, build_task, build_tasks, centres, decibels

CONFIG = load_single_signal()
DEMO = CONFIG.scales["demo"]


def test_centres_lie_in_the_middle_of_their_samples():
    assert centres(4).flatten().tolist() == [-0.75, -0.25, 0.25, 0.75]
    assert centres(2, 4)[1].tolist() == [-0.5, -0.25]


def test_psnr_of_a_waveform_has_peak_one():
    assert decibels(torch.zeros(100), torch.full((100,), 0.1)) == pytest.approx(20.0, abs=1e-4)


@pytest.mark.parametrize("name", ["audio", "image", "occupancy"])
def test_a_perfect_fit_is_perfect(name):
    task = build_task(name, DEMO)
    assert torch.equal(task.values, task.target)
    measured = task.measure(task.target)
    assert measured["psnr"] == pytest.approx(80)  # the floor of every table
    assert measured.get("ssim_gaussian", 1.0) == pytest.approx(1.0)
    assert measured.get("iou", 1.0) == 1.0


def test_super_resolution_shows_block_means_at_their_centres():
    task = build_task("super_resolution", DEMO)
    side = DEMO.image_size // FACTOR
    assert task.coords.shape == (side * side, 2)
    image = task.target.reshape(task.shape)
    assert torch.allclose(task.values[0], image[:4, :4].mean((0, 1)), atol=1e-6)
    inside = task.grid.reshape(*task.shape[:2], 2)[:4, :4].reshape(-1, 2).mean(0)
    assert torch.allclose(task.coords[0], inside, atol=1e-6)


def test_inpainting_shows_a_quarter_of_the_pixels():
    task = build_task("inpainting", DEMO)
    assert len(task.coords) == len(task.grid) // 4
    places = {tuple(c.tolist()): v for c, v in zip(task.grid, task.target, strict=True)}
    assert torch.equal(places[tuple(task.coords[7].tolist())], task.values[7])


def test_what_is_observed_lies_where_the_image_has_it():
    assert build_task("image", DEMO).observed() is None
    denoising, inpainting, small = (
        build_task(name, DEMO) for name in ("denoising", "inpainting", "super_resolution")
    )
    assert torch.equal(denoising.observed(), denoising.values)
    shown = inpainting.observed()
    seen = ~shown.isnan()
    assert torch.equal(shown[seen], inpainting.target[seen])
    assert seen.float().mean() == 0.25
    blocks = small.observed().reshape(small.shape)[:FACTOR, FACTOR : 2 * FACTOR]
    assert (blocks == small.values[1]).all()


def test_noise_has_the_stated_variance():
    """Photons spread as their number; readout adds 2 photons: (40 x + 4) / 40^2."""
    task = build_task("denoising", DEMO)
    error = (task.values - task.target).square().mean().item()
    expected = (40 * task.target.mean().item() + 4) / 40**2
    assert error == pytest.approx(expected, rel=0.05)


def test_an_image_smaller_than_the_factor_is_refused():
    with pytest.raises(SignalError, match="3 x 8 pixels: smaller than the factor 4"):
        reduced(np.zeros((3, 8, 3), np.float32), 4)


@pytest.mark.parametrize("size", [33, 300, 600, 4])
def test_a_size_that_the_photograph_cannot_be_reduced_to_is_refused_by_name(size):
    settings = DEMO.model_dump() | {"image_size": size}
    with pytest.raises(ValidationError, match="image_size"):
        ScaleSizes.model_validate(settings)


@pytest.mark.parametrize("size", [16, 24, 64])
def test_the_shape_is_the_same_at_every_resolution(size):
    sizes = DEMO.model_copy(update={"voxels": size})
    voxels = build_task("occupancy", sizes).target
    assert voxels.numel() == size**3
    assert voxels.mean().item() == pytest.approx(0.088, abs=0.01)


def test_the_image_task_takes_all_photographs_and_others_the_first(tmp_path, monkeypatch):
    monkeypatch.setenv("LIFT_DATA", str(tmp_path))
    (tmp_path / "kodak").mkdir()
    for number in (5, 7):
        pixels = np.full((8, 16, 3), number, np.uint8)
        Image.fromarray(pixels).save(tmp_path / "kodak" / f"kodim{number:02d}.png")
    scale = DEMO.model_copy(update={"photographs": [5, 7]})
    both = build_tasks("image", scale)
    assert [task.signal for task in both] == ["kodim05", "kodim07"]
    assert both[1].shape == (4, 8, 3)
    assert both[1].target.mean().item() == pytest.approx(7 / 255)
    assert [task.signal for task in build_tasks("denoising", scale)] == ["kodim05"]


def test_a_task_may_have_sizes_of_its_own():
    whole, own = CONFIG.sizes("lite", "occupancy"), CONFIG.sizes("lite", "image")
    assert (whole.width, own.width) == (256, 128)
    assert whole.points == own.points
