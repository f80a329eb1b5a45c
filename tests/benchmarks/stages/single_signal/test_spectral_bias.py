"""Errors per frequency, where the answer is known."""

import pytest
import torch

from benchmarks.stages.single_signal.settings import load_single_signal
from benchmarks.stages.single_signal.spectral_bias import relative_errors, sines

SETTINGS = load_single_signal().spectral_bias


def test_an_exact_fit_has_no_error_and_silence_all_of_it():
    _, target = sines(SETTINGS)
    assert relative_errors(target, target, SETTINGS.frequencies) == [0, 0, 0, 0]
    silent = relative_errors(torch.zeros_like(target), target, SETTINGS.frequencies)
    assert silent == pytest.approx([1, 1, 1, 1])


def test_a_missing_frequency_is_wrong_alone():
    coords, target = sines(SETTINGS)
    without = target - torch.sin(2 * torch.pi * 3.5 * coords) / 4
    errors = relative_errors(without, target, SETTINGS.frequencies)
    assert errors == pytest.approx([0, 0, 1, 0], abs=1e-5)
