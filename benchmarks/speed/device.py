"""Whether a device computes the same meta-steps, and where its time goes.

    python -m benchmarks.speed.device agreement            # before any figure is believed
    python -m benchmarks.speed.device trace --case lift-celebahq64

On a GPU, in calls of minutes: ``agreement``, then ``python -m benchmarks.speed time
--case NAME`` for one case after another, then ``trace``. Each leaves its files in ``--out``.
"""

from __future__ import annotations

import argparse
import json
import sys
from functools import partial
from pathlib import Path

import torch
from torch import Tensor
from torch.profiler import ProfilerActivity, profile

from benchmarks.speed.cases import CASES, Case, Workload, workload
from benchmarks.speed.ways import PLAIN, Way, candidates
from lift.field import Latent
from lift.files import replacing
from lift.meta.outer import TakeStep

SIGNALS, STEPS = 4, 3
FEW = 16
"""One point in so many is enough to try whether the check works."""
TOLERANCES = {torch.float64: 1e-9, torch.float32: 1e-3}
"""Largest relative error of a whole gradient. Float32's error grows through 15 sine layers."""


def gradient(work: Workload, values: Tensor, take: TakeStep, start: Latent | None) -> Tensor:
    """The outer gradient of all parameters, flat, on the CPU in float64."""
    work.field.zero_grad()
    take(work.query, values, start)
    parts = [p.grad for p in work.field.parameters() if p.grad is not None]
    return torch.cat([part.flatten().double().cpu() for part in parts])


def cast(work: Workload, dtype: torch.dtype, device: torch.device) -> Workload:
    """The same field and points in another precision, on a device."""
    query = {n: t.to(dtype) if t.is_floating_point() else t for n, t in work.query.items()}
    return Workload(work.field.to(dtype), query, work.values.to(dtype)).to(device)


def agreement(case: Case, device: torch.device, quick: bool = False) -> dict[str, float]:
    """Relative error of every way's gradient, against the unrolled one in float64 on the CPU.

    Args:
        quick: at some points, and without the compiler, for a try on a CPU.
    """
    host, every = torch.device("cpu"), FEW if quick else 1
    values = workload(case, every).batch(SIGNALS).double()
    plain = cast(workload(case, every), torch.float64, host)
    unrolled = PLAIN.step(plain.field, STEPS)
    exact = gradient(plain, values, unrolled, plain.field.zero_latent(SIGNALS))
    errors = {}
    for dtype, tolerance in TOLERANCES.items():
        for way in candidates(SIGNALS, STEPS):
            if quick and way.compile:
                continue
            torch.compiler.reset()
            work = cast(workload(case, every), dtype, device)
            take = way.step(work.field, STEPS)
            found = gradient(work, values.to(device, dtype), take, None)
            error = ((found - exact).norm() / exact.norm()).item()
            if not error <= tolerance:
                raise RuntimeError(
                    f"{case.name}, {way}, {dtype}: relative error {error:.2g}, expected at most "
                    f"{tolerance:.2g}"
                )
            errors[f"{way}, {dtype}"] = error
    return errors


def trace(case: Case, device: torch.device, out: Path) -> str:
    """Writes a profiled step, eager and compiled, for a trace viewer; returns a table of both."""
    activities = [ProfilerActivity.CPU] + [ProfilerActivity.CUDA] * (device.type == "cuda")
    order = "self_cuda_time_total" if device.type == "cuda" else "self_cpu_time_total"
    tables = []
    for compiled in (False, True):
        way = Way("unrolled", compiled)
        torch.compiler.reset()
        work = workload(case).to(device)
        values = work.batch(next(iter(case.few), 1))
        run = partial(gradient, work, values, way.step(work.field, STEPS), None)
        run()  # compiles
        with profile(activities=activities) as recorded:
            run()
        name = f"trace-{case.name}-{'compiled' if compiled else 'eager'}.json"
        recorded.export_chrome_trace(str(out / name))
        tables.append(f"{way}\n{recorded.key_averages().table(sort_by=order, row_limit=15)}")
    return "\n".join(tables)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("agreement", "trace"))
    parser.add_argument("--case", default="", help="part of a case's name, such as lift-cifar10")
    parser.add_argument("--out", type=Path, default=Path("results/speed"))
    parser.add_argument("--quick", action="store_true", help="agreement: few points, no compiler")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    cases = [case for case in CASES if options.case in case.name]
    if not cases:
        sys.exit(
            f"device: --case {options.case!r}; expected part of one of "
            f"{', '.join(case.name for case in CASES)}"
        )
    for case in cases:
        try:
            if options.what == "trace":
                text = trace(case, device, options.out)
            else:
                text = json.dumps(agreement(case, device, options.quick), indent=1)
        except RuntimeError as error:
            sys.exit(f"device: {error}")
        name = f"{options.what}-{case.name}.txt"
        with replacing(options.out / name) as unfinished:
            unfinished.write_text(text + "\n", encoding="utf-8")
        print(f"{case.name}\n{text}", flush=True)


if __name__ == "__main__":
    main()
