"""Speed of one meta-learning step and of encoding, at a method's published size.

    python -m benchmarks.speed.meta_step --method lift --dataset cifar10 --batch 32

Variants take turns in one process, so that a busy machine slows all of them alike; medians of the
repeats are reported, and ratios to the plain unrolled step in float32.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch

from benchmarks.config import find_method, published_settings
from benchmarks.datasets.config import load_dataset_config
from benchmarks.methods import build_field
from lift.field import Domain, NeuralField, Query
from lift.files import replacing
from lift.meta import (
    EAGER,
    Kernels,
    OuterGradient,
    accumulate_outer_gradient,
    adapt,
    compiled_kernels,
)

ORDERS: tuple[OuterGradient, ...] = ("exact", "exact-low-memory")


def timed(device: torch.device, work: Callable[[], None]) -> float:
    """Seconds that a call takes, the device's work included."""
    if device.type == "cuda":
        torch.cuda.synchronize()
    began = time.perf_counter()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - began


def variants(
    field: NeuralField, query: Query, values: torch.Tensor, steps: int, compile: bool
) -> dict[str, Callable[[], None]]:
    """Every way to take one meta-step, and to encode, as calls without arguments."""
    device = values.device

    def meta_step(order: OuterGradient, kernels: Kernels, low: bool) -> None:
        with torch.autocast(device.type, torch.bfloat16, enabled=low):
            start = field.zero_latent(len(values))
            accumulate_outer_gradient(field, query, values, start, steps, order, kernels)
        field.zero_grad()

    def encode(kernels: Kernels) -> None:
        adapt(field, query, values, steps, kernels=kernels)

    kinds = {"eager": EAGER} | ({"compiled": compiled_kernels()} if compile else {})
    calls: dict[str, Callable[[], None]] = {}
    for (kind, kernels), order, low in itertools.product(kinds.items(), ORDERS, (False, True)):
        name = f"meta-step {order} {kind} {'bfloat16' if low else 'float32'}"
        calls[name] = partial(meta_step, order, kernels, low)
    for kind, kernels in kinds.items():
        calls[f"encode {kind} float32"] = partial(encode, kernels)
    return calls


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--method", default="lift")
    parser.add_argument("--dataset", default="cifar10", help="one of the published data sets")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--no-compile", action="store_true")
    parser.add_argument("--out", type=Path, default=Path("results/speed/meta_step.json"))
    options = parser.parse_args()
    try:
        settings = published_settings(options.method, options.dataset)
        source = load_dataset_config(options.dataset)
    except ValueError as error:
        sys.exit(f"meta_step: {error}")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(0)
    domain = Domain(3 if source.kind == "voxel" else 2, source.resolution, source.channels)
    field = build_field(find_method(options.method).field, domain, settings.field).to(device)
    query = field.locate(domain.grid(device=device))
    values = torch.rand(options.batch, domain.points, domain.channels, device=device)
    calls = variants(field, query, values, settings.fit.inner_steps, not options.no_compile)

    first = {name: timed(device, call) for name, call in calls.items()}
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(options.repeats):
        for name, call in calls.items():
            seconds[name].append(timed(device, call))
    plain = statistics.median(seconds["meta-step exact eager float32"])
    rows = {}
    for name, measured in seconds.items():
        middle = statistics.median(measured)
        rows[name] = {
            "signals_per_second": options.batch / middle,
            "spread": (max(measured) - min(measured)) / middle,
            "times_plain": plain / middle,
            "first_call_seconds": first[name],
        }
        print(f"{name:48s} {options.batch / middle:8.1f} signals/s  {plain / middle:5.2f}x")
    setting = {"method": options.method, "dataset": options.dataset, "batch": options.batch}
    machine = {"device": str(device), "threads": torch.get_num_threads()}
    with replacing(options.out) as unfinished:
        unfinished.write_text(json.dumps({**setting, **machine, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
