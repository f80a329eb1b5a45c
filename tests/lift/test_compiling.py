"""Compiling where there is a compiler, and one warning where there is none."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import torch
from lift.compiling import compiled
double = compiled(lambda values: values * 2, "cpu")
triple = compiled(lambda values: values * 3, "cpu")
print((double(torch.ones(3)) + triple(torch.ones(3))).tolist())
"""


def test_without_a_compiler_functions_run_uncompiled_with_one_warning(tmp_path):
    said = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={
            **os.environ,
            "PATH": "",
            "CXX": "no-such-compiler",
            "PYTHONPATH": str(ROOT),
            "TORCHINDUCTOR_CACHE_DIR": str(tmp_path),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == "[5.0, 5.0, 5.0]"
    assert said.stderr.count("torch.compile does not work here") == 1
