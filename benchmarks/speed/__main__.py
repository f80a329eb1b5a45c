"""Runs the speed suite: JSON of pytest-benchmark, CSV tables and a figure.

    python -m benchmarks.speed memory                       # counts: the same on every machine
    python -m benchmarks.speed time --quick --minutes 9     # about 12 minutes on two CPU cores
    python -m benchmarks.speed time --case lift-cifar10     # one case in full

In full a case runs at batch 16 and the largest in 8 GiB, with 1, 3 and 10 inner steps: for a GPU.
Tables and figure show all runs whose JSON is in the folder, so that cases can run one by one.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pytest
import torch

from benchmarks.speed.report import report


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("memory", "time"))
    parser.add_argument("--quick", action="store_true", help="small batches, three inner steps")
    parser.add_argument("--minutes", type=float, default=600, help="no case begins later")
    parser.add_argument("--case", default="", help="part of a case's name, such as lift-cifar10")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; 0 takes all")
    parser.add_argument("--out", type=Path, default=Path("results/speed"))
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    options.out.mkdir(parents=True, exist_ok=True)
    selected = f"test_{options.what}" + (f" and {options.case}" if options.case else "")
    name = "-".join(filter(None, (options.what, options.case)))
    code = pytest.main(
        [
            str(Path(__file__).parent),
            f"--benchmark-json={options.out / name}.json",
            f"--minutes={options.minutes}",
            *(["--quick"] if options.quick else []),
            "-k",
            selected,
            "-v",
            "--benchmark-columns=rounds",
            "-p",
            "no:cacheprovider",
        ]
    )
    if code:
        sys.exit(f"speed: the suite ended with {code!r}")
    for row in report(options.out):
        print(
            f"{row['case']:26s} {row['batch']:4d} signals, {row['inner_steps']:2d} steps  "
            f"{row['side']:26s} {row['signals_per_second']:9.2f}/s {row['times_plain']:6.2f}x  "
            f"{row['matmul_fraction']:5.1%} of matmul"
        )


if __name__ == "__main__":
    main()
