"""Runs a stage in double precision: python -m tests.benchmarks.stages.in_double MODULE ARGUMENTS"""

import runpy
import sys

import torch

if __name__ == "__main__":
    torch.set_default_dtype(torch.float64)
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
