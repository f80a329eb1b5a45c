"""Frequencies of a two-layer sine network, by the Jacobi-Anger expansion (ReLIFT's theory).

``sin(sum_t W_t sin(w_t r + p_t) + b) = sum_s prod_t J_(s_t)(W_t) sin(sum_t s_t (w_t r + p_t) + b)``
over all integer vectors ``s``. Bessel functions fall fast in ``|s_t|``, so that a SIREN's second
layer holds little but low multiples of the first layer's frequencies. Scaling the first layer by
gamma scales them all; an identity skip puts the first layer's own frequencies back.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
from scipy.special import jv


class Spectrum(NamedTuple):
    """Lines ``amplitude * sin(frequency r + phase)``, all ``(lines,)``."""

    frequency: np.ndarray
    phase: np.ndarray
    amplitude: np.ndarray

    def __call__(self, r: np.ndarray) -> np.ndarray:
        """The sum of all lines at ``r`` ``(n,)``."""
        angles = self.frequency[:, None] * r + self.phase[:, None]
        return self.amplitude @ np.sin(angles)

    def fourier(self, count: int) -> np.ndarray:
        """Coefficients ``(count // 2 + 1,)`` of ``numpy.fft.rfft`` over ``count``.

        For whole non-negative and negative frequencies over one period of ``2 pi``.
        """
        found = np.zeros(count // 2 + 1, dtype=complex)
        whole = np.rint(self.frequency).astype(int)
        line = self.amplitude * np.exp(1j * self.phase) / 2j
        for k, c in zip(whole, line, strict=True):
            if k == 0:
                found[0] += c + np.conj(c)
            elif k > 0:
                found[k] += c
            else:
                found[-k] += np.conj(c)
        return found


def second_layer(
    weights: np.ndarray,
    frequencies: np.ndarray,
    phases: np.ndarray,
    bias: float,
    order: int,
    gamma: float = 1.0,
) -> Spectrum:
    """Lines of ``sin(W sin(gamma w r + p) + b)`` with every ``|s_t|`` up to ``order``.

    Args:
        weights, frequencies, phases: ``(T,)``: one neuron's weights over ``T`` first-layer sines.
    """
    orders = np.array(list(itertools.product(range(-order, order + 1), repeat=len(weights))))
    amplitude = jv(orders, weights).prod(1)
    return Spectrum(gamma * orders @ frequencies, orders @ phases + bias, amplitude)
