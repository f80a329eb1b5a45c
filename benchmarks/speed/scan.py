"""Speed of the selective scans, forward and backward, at the sizes of LIFT's classifier.

    python -m benchmarks.speed.scan --batch 16 --length 64

Implementations take turns in one process, so that a busy machine slows all of them alike; medians
of the repeats are reported. `sequential` is the recurrence with autograd's own record of it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch

from lift.files import replacing
from lift.vmamba.scan import Backend, choose_backend, selective_scan

BACKENDS: tuple[Backend, ...] = ("sequential", "loop")


def timed(device: torch.device, run: Callable[[], None]) -> float:
    """Seconds of one call, the device's work included."""
    if device.type == "cuda":
        torch.cuda.synchronize()
    began = time.perf_counter()
    run()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - began


def measure(
    batch: int, groups: int, channels: int, states: int, length: int, repeats: int
) -> dict[Backend, dict[str, float]]:
    """Median seconds of forward and backward of each implementation on this machine."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    rows = groups * channels
    torch.manual_seed(0)
    u, delta = (torch.randn(batch, rows, length, device=device) for _ in range(2))
    B, C = (torch.randn(batch, groups, states, length, device=device) for _ in range(2))
    A, D = -torch.rand(rows, states, device=device), torch.ones(rows, device=device)
    given = [tensor.requires_grad_() for tensor in (u, delta, A, B, C, D)]
    auto = choose_backend(device)
    names = list(dict.fromkeys((*BACKENDS, auto)))
    seconds: dict[Backend, list[tuple[float, float]]] = {name: [] for name in names}
    for _ in range(repeats + 1):
        for name in names:
            outputs: list[torch.Tensor] = []

            def forward(name: Backend = name, outputs: list[torch.Tensor] = outputs) -> None:
                outputs.append(selective_scan(u, delta, A, B, C, D, backend=name))

            def backward(outputs: list[torch.Tensor] = outputs) -> None:
                torch.autograd.grad(outputs[0].sum(), given)

            seconds[name].append((timed(device, forward), timed(device, backward)))
    return {
        name: {
            "forward": statistics.median(forward for forward, _ in times[1:]),
            "backward": statistics.median(backward for _, backward in times[1:]),
        }
        for name, times in seconds.items()
    }


def main() -> None:
    """Command line; ``--output`` also writes JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--groups", type=int, default=4, help="scan directions")
    parser.add_argument("--channels", type=int, default=232, help="of a direction")
    parser.add_argument("--states", type=int, default=1)
    parser.add_argument("--length", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    sizes = (options.batch, options.groups, options.channels, options.states, options.length)
    found = measure(*sizes, options.repeats)
    for name, parts in found.items():
        milliseconds = ", ".join(f"{part} {1000 * value:.1f} ms" for part, value in parts.items())
        sys.stdout.write(f"{name:<11} {milliseconds}\n")
    if options.output:
        with replacing(options.output) as unfinished:
            unfinished.write_text(
                json.dumps({"sizes": sizes, "seconds": found}, indent=1) + "\n", encoding="utf-8"
            )


if __name__ == "__main__":
    main()
