"""What a number was measured on: processor, cores, memory; no name of a host."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import torch

CPUINFO = Path("/proc/cpuinfo")
MODEL = "model name"


def hardware(device: torch.device) -> str:
    """``Intel(R) Xeon(R) ..., 2 cores, 16 GB``, and the GPU's own memory before that.

    Cores are those that this process may use; a GB is 1e9 bytes.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    parts = [processor(), f"{cores} core{'s' * (cores != 1)}"]
    if memory := _memory():
        parts.append(_gigabytes(memory))
    if device.type == "cuda":
        own = torch.cuda.get_device_properties(device).total_memory
        return f"{_gigabytes(own)} of its own, beside {', '.join(parts)}"
    return ", ".join(parts)


def processor(cpuinfo: Path = CPUINFO) -> str:
    """The processor's model as the system names it, its architecture where it has no name."""
    try:
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    for key, _, value in (line.partition(":") for line in lines):
        if key.strip() == MODEL and value.strip():
            return " ".join(value.split())
    return platform.processor() or platform.machine() or "unnamed processor"


def _memory() -> int:
    """Bytes of the machine; 0 where the system does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return 0


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.0f} GB"
