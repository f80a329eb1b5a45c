"""Compiling where there is a compiler, and one warning where there is none."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from lift.compiling import compiled
from lift.precision import multiplies_bfloat16

ROOT = Path(__file__).resolve().parents[2]
DOUBLED = """
import torch
from lift.compiling import compiled
double = compiled(lambda values: values * 2, "cpu")
triple = compiled(lambda values: values * 3, "cpu")
print((double(torch.ones(3)) + triple(torch.ones(3))).tolist())
"""


LABELLED = """
import torch
from lift.meta.labels import LatentClassifier, attach
from lift.meta.outer import meta_step
from lift.vmamba.classifier import VMambaClassifier
from tests.lift.fields import small_lift
field = small_lift()
shapes = {name: tuple(z.shape[1:]) for name, z in field.zero_latent(1).items()}
sizes = {"width": 8, "depth": 1, "expand": 1.0, "states": 1, "mlp_ratio": 1.0, "drop_path": 0.0}
attach(field, LatentClassifier(VMambaClassifier(shapes, 3, **sizes), 1e-3))
query, values = field.locate(field.domain.grid()), torch.rand(3, 64, 3)
step = meta_step(field, 2, "unrolled", compile=True)
print(step(query, values, None, torch.arange(3)).loss.isfinite().item())
"""


def without_a_compiler(program, tmp_path):
    return subprocess.run(
        [sys.executable, "-c", program],
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


def test_without_a_compiler_functions_run_uncompiled_with_one_warning(tmp_path):
    said = without_a_compiler(DOUBLED, tmp_path)
    assert said.stdout.strip() == "[5.0, 5.0, 5.0]"
    assert said.stderr.count("torch.compile does not work here") == 1


def test_without_a_compiler_a_step_with_a_scan_in_its_loss_is_taken(tmp_path):
    said = without_a_compiler(LABELLED, tmp_path)
    assert said.stdout.strip() == "True"
    assert said.stderr.count("torch.compile does not work here") == 1


@pytest.mark.skipif(
    not multiplies_bfloat16(torch.device("cpu")), reason="trainings take float32 products here"
)
def test_compiled_sums_of_transposed_bfloat16_matrices_are_right():
    """The gradients of a weight that is read both ways round; g++ 12 for an AVX-512 processor
    without AMX vectorises their compiled sum into garbage."""

    def total(first, *pairs):
        for straight, turned in zip(pairs[::2], pairs[1::2], strict=True):
            first = first + (straight + turned.transpose(1, 2))
        return first.float()

    matrices = [torch.randn(64, 64, 64).bfloat16() for _ in range(5)]
    torch.testing.assert_close(
        compiled(total, "cpu")(*matrices), total(*matrices), rtol=0, atol=0.2
    )
