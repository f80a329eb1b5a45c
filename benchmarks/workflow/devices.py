"""A GPU belongs to one job at a time; a job may hold several."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from hashlib import sha256
from pathlib import Path

from filelock import FileLock, Timeout

from benchmarks.workflow.allocation import owns_its_devices

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


def held_devices(wanted: int) -> AbstractContextManager[list[str]]:
    """Devices for as long as the block runs; a scheduler's devices need no waiting."""
    devices = visible_devices() if wanted else []
    return nullcontext(devices[:wanted]) if owns_its_devices() else device_slots(devices, wanted)


@contextmanager
def device_slots(devices: list[str], wanted: int, poll_seconds: float = 1.0) -> Iterator[list[str]]:
    """Holds as many devices as are wanted, or all that there are, waiting for them; yields them.

    Jobs wait in a queue, whose first one holds nothing until it has all that it wants at once: so
    none waits for another that waits, and one that wants many gets them. The kernel frees slots
    and places on any end of the process.
    """
    count = min(wanted, len(devices))
    if not count:
        yield []
        return
    folder, user = Path(os.environ.get(LOCKS) or "/tmp"), os.getuid()
    queue = sha256(",".join(sorted(devices)).encode()).hexdigest()[:16]
    locks = {d: FileLock(folder / f"lift-device-{user}-{d}.lock") for d in devices}
    with FileLock(folder / f"lift-queue-{user}-{queue}.lock"):
        while len(own := _taken(locks, count)) < count:
            _free(locks, own)
            time.sleep(poll_seconds)
    try:
        yield own
    finally:
        _free(locks, own)


def _taken(locks: dict[str, FileLock], count: int) -> list[str]:
    """Devices that were free, ``count`` at most, and are held now."""
    own: list[str] = []
    for device, lock in locks.items():
        if len(own) == count:
            break
        try:
            lock.acquire(timeout=0)
        except Timeout:
            continue
        own.append(device)
    return own


def _free(locks: dict[str, FileLock], own: list[str]) -> None:
    for device in own:
        locks[device].release()
