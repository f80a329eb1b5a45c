"""The PSNR of every measured test signal, beside the JSON of its stage."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.records.provenance import sha256
from benchmarks.records.result import Result, result_path
from lift.files import replacing

FILES = {"reconstruction": "psnr.npy", "learning_curve": "learning_curve.npy"}
"""By the stage that measures it."""


def write_psnr(folder: Path, stage: str, decibels: np.ndarray) -> dict[str, str]:
    """Writes float32 in the order of the measured signals; the file and its hash.

    Args:
        decibels: ``(n,)``; of a learning curve ``(measurements, n)``.
    """
    path = folder / FILES[stage]
    with replacing(path) as unfinished, unfinished.open("wb") as file:
        np.save(file, decibels.astype(np.float32))
    return {path.name: sha256(path)}


def read_psnr(root: Path, result: Result) -> np.ndarray | None:
    """What a stage's JSON names, as written but float64; None where it names or has nothing."""
    cell = (result.scale, result.dataset, result.method, result.seed)
    path = result_path(root, *cell, result.stage).with_name(FILES[result.stage])
    recorded = result.artifacts.get(path.name)
    if recorded is None or not path.exists() or sha256(path) != recorded:
        return None
    return np.load(path).astype(float)
