"""The first inner step, which all signals of a batch share.

At the zero latent every signal has the same network. One evaluation of it and its Jacobian with
respect to the shifts of every point give the inner gradients of any number of signals, at the cost
of the gradients of C signals.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def shift_gradients(
    evaluate: Callable[[Tensor], Tensor], shifts: Tensor, slot: Tensor, values: Tensor
) -> Tensor:
    """Gradient of every signal's mean squared error with respect to its shifts, ``(B, M, S)``.

    Differentiable in everything that ``evaluate`` reads.

    Args:
        evaluate: a network's values ``(C, M*K, C)`` under one shift vector a point,
            ``(C, M, K, S)``; points stand in M groups of K, whose shifts are one vector.
        shifts: ``(1, M, K, S)``, those of the zero latent; S holds the shifts of all layers.
        slot: ``(N,)``, where each of a signal's points stands among the ``M*K``.
        values: ``(B, N, C)``, the signals.
    """
    batch, points, channels = values.shape
    _, groups, size, _ = shifts.shape
    # One copy of the network a channel: copy c's gradient is channel c's Jacobian.
    predicted, pull_back = torch.func.vjp(evaluate, shifts.expand(channels, -1, -1, -1))[:2]
    one_channel = torch.eye(channels, dtype=predicted.dtype, device=predicted.device)
    (jacobian,) = pull_back(one_channel.unsqueeze(1).expand_as(predicted))
    error = 2 * (predicted[0].index_select(0, slot) - values) / (points * channels)
    placed = error.new_zeros(batch, groups * size, channels).index_copy(1, slot, error)
    # One row a channel and point of a group: (M, B, C*K) @ (M, C*K, S).
    rows = placed.view(batch, groups, size, channels).permute(1, 0, 3, 2).flatten(2)
    return torch.bmm(rows, jacobian.transpose(0, 1).flatten(1, 2)).transpose(0, 1)
