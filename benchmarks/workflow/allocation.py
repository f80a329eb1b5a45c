"""What a job was given: CPUs and devices of a scheduler, or this machine's."""

from __future__ import annotations

import os

GPUS = ("SLURM_STEP_GPUS", "SLURM_JOB_GPUS")
"""Slurm's variables that name the GPUs of a job."""


def cpus() -> int:
    """CPUs that this process may use: those of its Slurm job, else those that it is bound to."""
    given = os.environ.get("SLURM_CPUS_PER_TASK", "")
    if given.isdigit() and int(given):
        return int(given)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def owns_its_devices() -> bool:
    """Whether a scheduler gave this job GPUs that no other job gets."""
    return any(os.environ.get(name) for name in GPUS)
