"""A GPU belongs to one job at a time."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

LOCKS = "LIFT_DEVICE_LOCKS"
"""Environment variable: the folder of the locks. Without it ``/tmp``, the same for every job of a
machine, whatever temporary folder a scheduler gives it."""


def visible_devices() -> list[str]:
    """The GPUs that this job may use, by UUID where the driver tells it.

    CUDA_VISIBLE_DEVICES counts as CUDA reads it: the list ends at the first entry that is no
    device, so that ``-1`` hides every device and ``0,-1,1`` leaves the first.
    """
    allowed, known = os.environ.get("CUDA_VISIBLE_DEVICES"), _driver()
    if allowed is None:
        return list(known.values())
    devices: list[str] = []
    for entry in (part.strip() for part in allowed.split(",")):
        index = entry.lstrip("+").isdigit()
        if not index and not entry.startswith(("GPU-", "MIG-")):
            break
        if index and known and entry not in known:
            break
        device = known.get(entry, entry)
        if device in devices:  # CUDA gives no device at all for a list with one twice
            return []
        devices.append(device)
    return devices


def _driver() -> dict[str, str]:
    """UUID of each device by its index; empty where there is no driver."""
    try:
        listing = subprocess.run(
            ["nvidia-smi", "--query-gpu=index,uuid", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return {}
    rows = (line.split(",") for line in listing.stdout.splitlines() if "," in line)
    return {index.strip(): uuid.strip() for index, uuid in rows}


@contextmanager
def device_slot(devices: list[str], poll_seconds: float = 1.0) -> Iterator[str | None]:
    """Holds one of the devices, waiting for it; yields its name, or None where there is none.

    The kernel frees the slot on any end of the process.
    """
    if not devices:
        yield None
        return
    folder = Path(os.environ.get(LOCKS) or "/tmp")
    locks = {d: FileLock(folder / f"lift-device-{os.getuid()}-{d}.lock") for d in devices}
    while True:
        for device, lock in locks.items():
            try:
                lock.acquire(timeout=0)
            except Timeout:
                continue
            try:
                yield device
            finally:
                lock.release()
            return
        time.sleep(poll_seconds)
