"""The selective scan of Mamba (Gu & Dao, arXiv 2312.00752), over several groups of channels.

``h_t = exp(delta_t A) h_(t-1) + delta_t B_t u_t``,  ``y_t = C_t h_t + D u_t``,  ``h_0 = 0``

Letters: B batch, G groups (scan directions), C channels a group, N states a channel, L steps.
Where mamba_ssm is installed its kernel runs on CUDA; elsewhere, plain torch.
"""

from __future__ import annotations

import importlib.util
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn import functional

Backend = Literal["auto", "mamba_ssm", "loop", "sequential"]


def selective_scan(
    u: Tensor,
    delta: Tensor,
    A: Tensor,
    B: Tensor,
    C: Tensor,
    D: Tensor | None = None,
    delta_bias: Tensor | None = None,
    delta_softplus: bool = True,
    backend: Backend = "auto",
) -> Tensor:
    """Scans every channel from the first step to the last.

    Args:
        u, delta: ``(B, G*C, L)``.
        A: ``(G*C, N)``, negative.
        B, C: ``(B, G, N, L)``, shared by the channels of a group.
        D, delta_bias: ``(G*C,)``.
        backend: see `choose_backend`; ``sequential`` indexes step after step, as the equation
            stands, and is what the others are tested against.

    Returns:
        ``(B, G*C, L)``.

    Raises:
        ValueError: the shapes do not fit, or the backend is unknown.
    """
    _check(u, delta, A, B, C)
    chosen = choose_backend(u.device, backend)
    if chosen == "mamba_ssm":
        return _mamba_ssm(u, delta, A, B, C, D, delta_bias, delta_softplus)
    groups, states = B.shape[1:3]
    # Steps first, so that a step is one block of memory; from here (L, B, G, C, N).
    delta, inputs = (_steps_first(tensor, groups) for tensor in (delta, u))
    if delta_bias is not None:
        delta = delta + delta_bias.view(groups, -1, 1)
    if delta_softplus:
        delta = functional.softplus(delta)
    decay = torch.exp(delta * A.view(groups, -1, states))
    drive = delta * inputs * B.permute(3, 0, 1, 2).unsqueeze(3)
    hidden = HIDDEN[chosen](decay, drive)
    y = hidden * C.permute(3, 0, 1, 2).unsqueeze(3)
    y = y.squeeze(-1) if states == 1 else y.sum(-1)
    if D is not None:
        y = y + D.view(groups, -1) * inputs.squeeze(-1)
    rows: Tensor = Transpose.apply(y.flatten(1))
    return rows.unflatten(0, u.shape[:2])


def _steps_first(rows: Tensor, groups: int) -> Tensor:
    """``(B, G*C, L)`` to ``(L, B, G, C, 1)``."""
    steps: Tensor = Transpose.apply(rows.flatten(0, 1))
    return steps.unflatten(1, (len(rows), groups, -1)).unsqueeze(-1)


class Transpose(torch.autograd.Function):
    """A matrix's transpose, in memory too, and its gradient's: what follows reads whole lines."""

    @staticmethod
    def forward(ctx: Any, matrix: Tensor) -> Tensor:
        return matrix.t().contiguous()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:  # type: ignore[override]
        return gradient.t().contiguous()


def choose_backend(device: torch.device, backend: Backend = "auto") -> Backend:
    """The implementation that runs on a device.

    ``auto`` is mamba_ssm's kernel where that package is installed and tensors are on CUDA, else
    ``loop``, the fastest at the 64 steps of an 8x8 grid: forward and backward took 90 and 149 ms,
    ``sequential`` 107 and 818 ms (batch 16, 4 x 232 channels of one state, one thread of a busy
    machine; ``python -m benchmarks.speed.scan``).

    Raises:
        ValueError: there is no such backend.
    """
    if backend == "auto":
        installed = importlib.util.find_spec("mamba_ssm") is not None
        return "mamba_ssm" if device.type == "cuda" and installed else "loop"
    if backend not in ("mamba_ssm", "loop", "sequential"):
        raise ValueError(f"scan backend: {backend!r}, expected auto, mamba_ssm, loop or sequential")
    return backend


def sequential(decay: Tensor, drive: Tensor) -> Tensor:
    """All hidden states ``(L, ...)`` of ``h_t = decay_t h_(t-1) + drive_t``, as it stands."""
    hidden = torch.zeros_like(drive[0])
    states = []
    for step in range(len(decay)):
        hidden = decay[step] * hidden + drive[step]
        states.append(hidden)
    return torch.stack(states)


class Recurrence(torch.autograd.Function):
    """`sequential` with its gradient written out: one pass forward, and one backward in reverse.

    ``g_t = dL/dh_t + decay_(t+1) g_(t+1)`` is the gradient of ``drive_t``, and ``g_t h_(t-1)`` that
    of ``decay_t``.
    """

    @staticmethod
    def forward(ctx: Any, decay: Tensor, drive: Tensor) -> Tensor:
        hidden = torch.empty_like(drive)
        hidden[0] = drive[0]
        for step in range(1, len(drive)):
            torch.addcmul(drive[step], decay[step], hidden[step - 1], out=hidden[step])
        ctx.save_for_backward(decay, hidden)
        return hidden

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor]:  # type: ignore[override]
        decay, hidden = ctx.saved_tensors
        drive = torch.empty_like(hidden)
        drive[-1] = gradient[-1]
        for step in range(len(drive) - 2, -1, -1):
            torch.addcmul(gradient[step], decay[step + 1], drive[step + 1], out=drive[step])
        of_decay = torch.zeros_like(decay)
        torch.mul(drive[1:], hidden[:-1], out=of_decay[1:])
        return of_decay, drive


def looped(decay: Tensor, drive: Tensor) -> Tensor:
    """The same hidden states step after step, without autograd's record of every step."""
    hidden: Tensor = Recurrence.apply(decay, drive)
    return hidden


HIDDEN = {"sequential": sequential, "loop": looped}


def _mamba_ssm(
    u: Tensor,
    delta: Tensor,
    A: Tensor,
    B: Tensor,
    C: Tensor,
    D: Tensor | None,
    delta_bias: Tensor | None,
    delta_softplus: bool,
) -> Tensor:
    """mamba_ssm's kernel, which wants float32 and the steps contiguous."""
    from mamba_ssm.ops.selective_scan_interface import selective_scan_fn  # noqa: PLC0415

    rows = [tensor.float().contiguous() for tensor in (u, delta, A, B, C)]
    scanned: Tensor = selective_scan_fn(
        *rows,
        None if D is None else D.float(),
        z=None,
        delta_bias=None if delta_bias is None else delta_bias.float(),
        delta_softplus=delta_softplus,
    )
    return scanned.to(u.dtype)


def _check(u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor) -> None:
    batch, channels, length = u.shape
    groups, states = B.shape[1], A.shape[1]
    fits = (
        delta.shape == u.shape
        and A.shape[0] == channels
        and channels % groups == 0
        and B.shape == C.shape == (batch, groups, states, length)
    )
    if not fits:
        shapes = {"u": u, "delta": delta, "A": A, "B": B, "C": C}
        raise ValueError(
            f"selective_scan: {', '.join(f'{k} {tuple(v.shape)}' for k, v in shapes.items())}; "
            "expected u and delta (B, G*C, L), A (G*C, N), B and C (B, G, N, L)"
        )
