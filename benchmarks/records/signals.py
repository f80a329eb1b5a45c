"""The PSNR of every measured test signal, beside the JSON of a reconstruction."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.records.provenance import sha256
from benchmarks.records.result import Result, result_path
from lift.files import replacing

FILE = "psnr.npy"


def write_psnr(folder: Path, decibels: np.ndarray) -> dict[str, str]:
    """Writes ``(n,)`` float32 in the order of the measured signals; the file and its hash."""
    path = folder / FILE
    with replacing(path) as unfinished, unfinished.open("wb") as file:
        np.save(file, decibels.astype(np.float32))
    return {FILE: sha256(path)}


def read_psnr(root: Path, result: Result) -> np.ndarray | None:
    """What a reconstruction's JSON names, ``(n,)`` float64; None where it names or has nothing."""
    cell = (result.scale, result.dataset, result.method, result.seed)
    path = result_path(root, *cell, result.stage).with_name(FILE)
    recorded = result.artifacts.get(FILE)
    if recorded is None or not path.exists() or sha256(path) != recorded:
        return None
    return np.load(path).astype(float)
