"""Structural similarity with the window of its authors (Wang et al. 2004), as INCODE and WIRE."""

from __future__ import annotations

import numpy as np
from skimage.metrics import structural_similarity

WINDOW = 11
"""Pixels a side of the Gaussian window; its deviation is 1.5."""


def ssim_gaussian(image: np.ndarray, reference: np.ndarray) -> float:
    """Mean over channels and all windows that lie inside, for values in ``[0, 1]`` (peak 1).

    Args:
        image, reference: ``(H, W, C)``, sides of `WINDOW` pixels or more.
    """
    return float(
        structural_similarity(
            image,
            reference,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            channel_axis=-1,
            data_range=1.0,
        )
    )
