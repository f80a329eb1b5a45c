"""Runs one program on a device that it holds as jobs hold theirs, where there is one.

python -m benchmarks.workflow.on_device benchmarks.stages.ablate pieces
"""

from __future__ import annotations

import argparse
import os
import runpy
import sys

from benchmarks.workflow.devices import held_devices


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("module", help="a program of this project")
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    with held_devices(1) as devices:
        os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(devices)  # before CUDA is touched
        sys.argv = [options.module, *options.arguments]
        runpy.run_module(options.module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
