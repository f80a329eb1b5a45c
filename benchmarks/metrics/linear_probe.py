"""A linear probe: how much of the classes a hyperplane sees. A head that loses to it has a bug."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import RidgeClassifierCV

PENALTIES = tuple(10.0**power for power in range(-1, 6))


def linear_probe(
    signals: NDArray[np.floating], labels: NDArray[np.integer], *held_out: NDArray[np.floating]
) -> list[NDArray[np.integer]]:
    """Classes that ridge regression on one-hot classes predicts for each held-out array.

    Its penalty is chosen by leave-one-out on the training signals.

    Args:
        signals: ``(n, d)``, standardised.
        labels: ``(n,)``.
        held_out: ``(m, d)`` each.
    """
    probe = RidgeClassifierCV(PENALTIES).fit(signals, labels)
    return [probe.predict(other) for other in held_out]
