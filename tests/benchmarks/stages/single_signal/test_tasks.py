"""The tasks: what is shown, what is hidden, and signals that cannot be used."""

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.io import wavfile

from benchmarks.stages.single_signal.settings import load_single_signal
from benchmarks.stages.single_signal.signals import SignalError, read_audio, read_image, reduced
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
    assert measured["psnr"] > 100
    assert measured.get("ssim", 1.0) == pytest.approx(1.0)
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


def test_noise_has_the_stated_variance():
    """Photons spread as their number; readout adds 2 photons: (40 x + 4) / 40^2."""
    task = build_task("denoising", DEMO)
    error = (task.values - task.target).square().mean().item()
    expected = (40 * task.target.mean().item() + 4) / 40**2
    assert error == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize("dtype", [np.int16, np.int32, np.uint8, np.float32])
@pytest.mark.parametrize("rate", [8000, 44100])
def test_audio_of_any_rate_and_type_is_the_same_waveform(tmp_path, dtype, rate):
    wave = np.sin(np.linspace(0, 60, 2000)) * 0.5
    if dtype == np.uint8:
        stored = (wave * 127 + 128).round().astype(dtype)
    elif dtype == np.float32:
        stored = wave.astype(dtype)
    else:
        stored = (wave * np.iinfo(dtype).max).astype(dtype)
    wavfile.write(tmp_path / "clip.wav", rate, stored)
    found = read_audio(tmp_path / "clip.wav")
    assert found.dtype == np.float32
    assert np.abs(found - wave / np.abs(wave).max()).max() < 0.02


def test_audio_that_cannot_be_fitted_is_one_clear_error(tmp_path):
    wavfile.write(tmp_path / "stereo.wav", 8000, np.zeros((10, 2), np.float32))
    with pytest.raises(SignalError, match=r"stereo\.wav: 2 channels, expected one"):
        read_audio(tmp_path / "stereo.wav")
    wavfile.write(tmp_path / "silent.wav", 8000, np.zeros(10, np.float32))
    with pytest.raises(SignalError, match="silent"):
        read_audio(tmp_path / "silent.wav")
    (tmp_path / "noise.wav").write_bytes(b"no sound")
    with pytest.raises(SignalError, match="not a WAV file"):
        read_audio(tmp_path / "noise.wav")
    with pytest.raises(SignalError, match="no such file"):
        read_audio(tmp_path / "absent.wav")


def test_grey_and_opaque_images_work_and_transparent_ones_are_refused(tmp_path):
    pixels = np.arange(16, dtype=np.uint8).reshape(4, 4) * 16
    Image.fromarray(pixels).save(tmp_path / "grey.png")
    grey = read_image(tmp_path / "grey.png")
    assert grey.shape == (4, 4, 3)
    assert np.allclose(grey[..., 0], pixels / 255)
    rgba = np.dstack([pixels] * 3 + [np.full_like(pixels, 255)])
    Image.fromarray(rgba).save(tmp_path / "opaque.png")
    assert np.array_equal(read_image(tmp_path / "opaque.png"), grey)
    rgba[0, 0, 3] = 100
    Image.fromarray(rgba).save(tmp_path / "clear.png")
    with pytest.raises(SignalError, match=r"clear\.png: has an alpha channel"):
        read_image(tmp_path / "clear.png")


def test_an_image_smaller_than_the_factor_is_refused():
    with pytest.raises(SignalError, match="3 x 8 pixels: smaller than the factor 4"):
        reduced(np.zeros((3, 8, 3), np.float32), 4)


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
