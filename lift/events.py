"""Curves and pictures for TensorBoard, where it is asked for: ``LIFT_TENSORBOARD=1``.

A variable of the environment and no setting of a cell: it reaches every job of the workflow, and is
no part of what a training is identified by. Events lie in ``tensorboard/`` beside what they show:

    tensorboard --logdir results
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

VARIABLE = "LIFT_TENSORBOARD"


def log_curve(path: Path, rows: Sequence[Mapping[str, float | None]]) -> None:
    """Writes a curve's numbers as scalars over its steps, in place of those of its last writing.

    Args:
        path: of the curve's file; each has a run of its own, named after it.
        rows: with ``step`` and ``seconds``, which give the events' time.
    """
    folder = path.parent / "tensorboard" / path.stem
    # All anew, as the file is: a training that goes on from a checkpoint repeats some rows.
    before = list(folder.glob("events.*"))
    if not rows or (writer := _writer(folder, purge_step=0)) is None:
        return
    began = time.time() - (rows[-1]["seconds"] or 0)
    with writer:
        for row in rows:
            step, at = int(row["step"] or 0), began + (row["seconds"] or 0)
            for name, value in row.items():
                if value is not None and name not in ("step", "seconds"):
                    writer.add_scalar(name, value, step, walltime=at)
    for earlier in before:
        earlier.unlink(missing_ok=True)


def log_picture(path: Path) -> None:
    """Adds a picture file, after those that had its name before."""
    folder = path.parent / "tensorboard" / path.stem
    if (writer := _writer(folder)) is None:
        return
    with writer, Image.open(path) as picture:
        pixels = np.asarray(picture.convert("RGB"))
        writer.add_image(path.stem, pixels, len(list(folder.glob("events.*"))), dataformats="HWC")


def _writer(folder: Path, **settings: int) -> Any:
    """A writer of events; None where they are not asked for, or cannot be written."""
    if os.environ.get(VARIABLE, "0") in ("", "0"):
        return None
    writer = _summary_writer()
    return writer and writer(str(folder), **settings)


@cache
def _summary_writer() -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415  optional
    except ImportError:
        print(
            f"{VARIABLE}: the package tensorboard is missing, so no events are written; expected "
            "it installed: pip install -c constraints.txt '.[tensorboard]'",
            flush=True,
        )
        return None
    return SummaryWriter
