"""Writes a large functaset of random latents and reads it in random batches, from disk.

    python -m benchmarks.speed.functaset --folder DIR --gigabytes 10

The latents are those of LIFT on images of 64 px, as a denoiser's training reads them: all scales of
a batch of signals. The system's copies in memory are dropped first, and what came from the disk is
said; a set that fits the memory is read from there the second time.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import torch

from lift.field import Latent
from lift.functaset import Functaset, open_functaset, write_functaset
from lift.sampling import batch_indices

SCALES = {"global": (1, 1, 256), "intermediate": (4, 4, 128), "local": (8, 8, 64)}
AT_ONCE = 512
"""Signals that are written at once."""


def latents(count: int) -> Iterator[Latent]:
    """So many signals' latents, in batches; each repeats one of random numbers."""
    generator = torch.Generator().manual_seed(0)
    block = {
        name: torch.randn((AT_ONCE, *shape), generator=generator) for name, shape in SCALES.items()
    }
    for start in range(0, count, AT_ONCE):
        yield {name: tensor[: count - start] for name, tensor in block.items()}


def forget(folder: Path) -> None:
    """Has the system drop its copies of a folder's files in memory."""
    for path in folder.glob("*.npy"):
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def read(functaset: Functaset, batch: int, seconds: float) -> tuple[float, float]:
    """Signals a second of random batches, and GB that came from the disk."""
    count = len(next(iter(functaset.splits["train"].values())))
    before = psutil.Process().io_counters().read_bytes
    began, done = time.monotonic(), 0
    while time.monotonic() - began < seconds:
        functaset.latent("train", batch_indices(done, batch, count, seed=0))
        done += 1
    rate = done * batch / (time.monotonic() - began)
    return rate, (psutil.Process().io_counters().read_bytes - before) / 1e9


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="on the disk to measure")
    parser.add_argument("--gigabytes", type=float, default=10)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=20, help="of each of two turns")
    options = parser.parse_args()
    floats = sum(int(np.prod(shape)) for shape in SCALES.values())
    count = int(options.gigabytes * 1e9 / (4 * floats))
    folder = Path(tempfile.mkdtemp(dir=options.folder)) / "functaset"
    try:
        began = time.monotonic()
        write_functaset(folder, {"train": (count, latents(count))}, "0" * 64)
        size = sum(path.stat().st_size for path in folder.iterdir()) / 1e9
        seconds = time.monotonic() - began
        print(f"{count} signals, {size:.2f} GB, written in {seconds:.0f} s", flush=True)
        forget(folder)
        found = open_functaset(folder, "0" * 64)
        for turn in ("first", "second"):
            rate, disk = read(found, options.batch, options.seconds)
            used = rate * options.seconds * 4 * floats / 1e9
            print(f"{turn}: {rate:.0f} signals/s; {used:.2f} GB used, {disk:.2f} from the disk")
    finally:
        shutil.rmtree(folder.parent)


if __name__ == "__main__":
    main()
