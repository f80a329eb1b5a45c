"""Peak signal-to-noise ratio, as every table of this project means it."""

from __future__ import annotations

from torch import Tensor

FLOOR = 1e-8
"""Mean squared errors are floored here: no signal counts for more than 80 dB."""


def psnr(mse: Tensor) -> Tensor:
    """Decibels of each signal, ``-10 log10(MSE)``, for values in ``[0, 1]`` (peak 1).

    Averages over signals are taken of these values, not of the errors. Predictions are not clipped.
    """
    return -10 * mse.clamp_min(FLOOR).log10()
