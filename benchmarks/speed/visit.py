"""All that a short time on a GPU is for, in one command: tests, agreement, speed, a training.

    python -m benchmarks.speed.visit                       # twelve minutes on a GPU
    python -m benchmarks.speed.visit --minutes 20 --quick --cell demo/embedded-images/functa \\
        --case mnif_s-celebahq64 --tests tests/lift/test_schedule.py         # a try on CPUs

A part that comes to the end of its time is asked to stop, and leaves what it has: the training its
checkpoint and its curve, so that another visit with the same ``--out`` goes on with it. A part that
fails keeps none of the others from running.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

SAVING_SECONDS = 60
"""In which a part that was asked to stop must end."""


@dataclass(frozen=True)
class Part:
    """A program: what is typed after ``python -m``; the share of all time by which it ends."""

    name: str
    words: Sequence[str]
    until: float
    variables: dict[str, str] = field(default_factory=dict)


def parts(options: argparse.Namespace) -> list[Part]:
    """What is run, in its order."""
    scale, dataset, method = options.cell.split("/")
    places = ["--results", str(options.out / "results"), "--data", str(options.data)]
    suite = ["--case", options.case, "--out", str(options.out)]
    quick = ["--quick"] if options.quick else []
    tests = ["-n", "auto", "--dist", "loadfile", "-q", "-m", "not browser", *options.tests]
    cell = ["--scale", scale, "--dataset", dataset, "--method", method]
    minutes = str(options.minutes * 0.1)
    return [
        Part("tests", ["pytest", *tests], 0.4, {"OMP_NUM_THREADS": "1"}),
        Part("agreement", ["benchmarks.speed.device", "agreement", *suite, *quick], 0.5),
        Part("speed", ["benchmarks.speed", "time", "--minutes", minutes, *suite, *quick], 0.65),
        Part("prepare", ["benchmarks.stages.prepare", "--dataset", dataset, *places], 0.75),
        Part("training", ["benchmarks.stages.fit", *cell, *places], 1.0),
    ]


def visit(plan: Sequence[Part], minutes: float, out: Path) -> int:
    """Runs all parts, each with its log in ``out``; how many failed."""
    began, failed = time.monotonic(), 0
    for part in plan:
        until = began + part.until * 60 * minutes
        here, log = time.monotonic(), out / f"{part.name}.log"
        ended = run(part, max(until - here, 0), log)
        failed += ended.startswith("failed")
        print(f"{part.name}: {ended} after {time.monotonic() - here:.0f} s: {log}", flush=True)
    return failed


def run(part: Part, seconds: float, log: Path) -> str:
    """Runs one part until it ends, or is asked to; how it ended."""
    variables = {**os.environ, **part.variables}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *part.words], env=variables, stdout=output, stderr=output
        )
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.terminate()
            try:
                process.wait(SAVING_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            return "stopped at the end of its time"
    return f"failed with exit code {code}" if code else "done"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=12)
    parser.add_argument("--cell", default="paper/cifar10/lift", metavar="SCALE/DATASET/METHOD")
    parser.add_argument("--case", default="lift-cifar10", help="of the speed suite")
    parser.add_argument("--tests", nargs="+", default=["tests"], help="files or folders")
    parser.add_argument("--quick", action="store_true", help="agreement and speed, for CPUs")
    parser.add_argument("--data", type=Path, default=Path("data"), help="prepared data sets")
    parser.add_argument("--out", type=Path, default=Path("results/visit"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    sys.exit(1 if visit(parts(options), options.minutes, options.out) else 0)


if __name__ == "__main__":
    main()
