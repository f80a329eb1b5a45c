"""The expansion against the network itself and its FFT."""

import numpy as np
import pytest
from scipy.special import jv

from lift.fourier_bessel import second_layer

WEIGHTS = np.array([0.7, -1.3])
FREQUENCIES = np.array([3.0, 5.0])
PHASES = np.array([0.4, -0.2])
BIAS = 0.3


def network(r, gamma=1.0):
    first = np.sin(gamma * FREQUENCIES[:, None] * r + PHASES[:, None])
    return np.sin(WEIGHTS @ first + BIAS)


@pytest.mark.parametrize("gamma", [1.0, 2.0])
def test_the_lines_add_up_to_the_network(gamma):
    r = np.linspace(-1, 1, 200)
    spectrum = second_layer(WEIGHTS, FREQUENCIES, PHASES, BIAS, 12, gamma)
    assert np.abs(spectrum(r) - network(r, gamma)).max() < 1e-11


@pytest.mark.parametrize("gamma", [1.0, 2.0])
def test_the_lines_are_those_of_the_fft(gamma):
    count = 1024
    r = 2 * np.pi * np.arange(count) / count
    measured = np.fft.rfft(network(r, gamma)) / count
    spectrum = second_layer(WEIGHTS, FREQUENCIES, PHASES, BIAS, 14, gamma)
    assert np.abs(spectrum.fourier(count) - measured).max() < 1e-10


def test_gamma_scales_every_frequency_and_no_amplitude():
    one = second_layer(WEIGHTS, FREQUENCIES, PHASES, BIAS, 4)
    two = second_layer(WEIGHTS, FREQUENCIES, PHASES, BIAS, 4, gamma=2.0)
    assert np.array_equal(two.frequency, 2 * one.frequency)
    assert np.array_equal(two.amplitude, one.amplitude)


def test_high_orders_fall_faster_than_any_power():
    """SIREN's low-frequency bias: at a weight of 1, order 4 is 200 times weaker than order 1."""
    spectrum = second_layer(np.array([1.0]), np.array([1.0]), np.zeros(1), 0.0, 6)
    by_order = dict(zip(spectrum.frequency.astype(int), np.abs(spectrum.amplitude), strict=True))
    assert by_order[1] / by_order[4] == pytest.approx(jv(1, 1.0) / jv(4, 1.0))
    assert by_order[1] > 170 * by_order[4]
    assert by_order[4] > 2000 * by_order[6] / 20
