"""Nearest training signals of samples: whether a generator repeats what it was trained on."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Nearest(NamedTuple):
    """Row number of the nearest row and the Euclidean distance to it, ``(n,)`` each."""

    row: Tensor
    distance: Tensor


def nearest(queries: Tensor, rows: Tensor, *, skip: Tensor | None = None) -> Nearest:
    """The nearest of ``rows`` ``(m, d)`` to each of ``queries`` ``(n, d)``.

    Args:
        skip: ``(n,)`` one row each query must not find (itself).
    """
    distance = torch.cdist(queries, rows, compute_mode="donot_use_mm_for_euclid_dist")
    if skip is not None:
        distance.scatter_(1, skip[:, None], torch.inf)
    found = distance.min(1)
    return Nearest(found.indices, found.values)


def copying_ratio(samples: Tensor, rows: Tensor) -> float:
    """Median distance of samples to their nearest training row, over that among training rows.

    Near 0 samples are copies; near 1 they are as far from the training rows as those are from one
    another.

    Args:
        samples: ``(n, d)``; as many training rows, the first ``n``, are compared with the others.
        rows: ``(m, d)``, at least two.
    """
    own = torch.arange(min(len(samples), len(rows)))
    among = nearest(rows[own], rows, skip=own).distance.median()
    return (nearest(samples, rows).distance.median() / among).item()
