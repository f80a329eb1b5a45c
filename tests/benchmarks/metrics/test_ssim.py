"""Structural similarity against its formula, window by window."""

import numpy as np
import pytest

from benchmarks.metrics.ssim import WINDOW, ssim_gaussian

NOISE = np.random.default_rng(0)
IMAGE = NOISE.random((17, 14, 3))
OTHER = np.clip(IMAGE + 0.2 * NOISE.normal(size=IMAGE.shape), -0.3, 1.4)


def by_hand(x, y):
    """Wang et al., equation 13 with weights 14 to 16, K1 = 0.01, K2 = 0.03, L = 1."""
    place = np.arange(WINDOW) - WINDOW // 2
    line = np.exp(-(place**2) / (2 * 1.5**2))
    weights = np.outer(line, line) / line.sum() ** 2
    found = []
    for channel in range(x.shape[2]):
        for top in range(x.shape[0] - WINDOW + 1):
            for left in range(x.shape[1] - WINDOW + 1):
                window = slice(top, top + WINDOW), slice(left, left + WINDOW), channel
                a, b = x[window], y[window]
                ma, mb = (weights * a).sum(), (weights * b).sum()
                va, vb = (weights * (a - ma) ** 2).sum(), (weights * (b - mb) ** 2).sum()
                shared = (weights * (a - ma) * (b - mb)).sum()
                found.append(
                    (2 * ma * mb + 1e-4) * (2 * shared + 9e-4)
                    / ((ma**2 + mb**2 + 1e-4) * (va + vb + 9e-4))
                )  # fmt: skip
    return np.mean(found)


def test_it_is_the_formula():
    assert ssim_gaussian(OTHER, IMAGE) == pytest.approx(by_hand(OTHER, IMAGE), rel=1e-9)


def test_an_image_is_like_itself():
    assert ssim_gaussian(IMAGE, IMAGE) == 1.0
