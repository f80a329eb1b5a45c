"""Runs one program for the workflow: on a device of its own, and without taking others down.

    python -m benchmarks.workflow.job --threads 1 --log LOG --result RESULT.json -- python -m ...

A GPU belongs to one job at a time: the job holds a lock file of that device, and the kernel frees
it on any exit. A program that fails leaves a result marked ``failed`` with its last words, so that
the tables can show why a cell is empty while the other cells go on.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from benchmarks.workflow import fork_server

THREADS = {
    f"{library}_NUM_THREADS" for library in ("OMP", "MKL", "OPENBLAS", "GOTO", "NUMEXPR")
} | {"VECLIB_MAXIMUM_THREADS"}
MEMORY = {
    "THP_MEM_ALLOC_ENABLE": "1",
    "MALLOC_MMAP_THRESHOLD_": str(32 * 2**20),
    "MALLOC_TRIM_THRESHOLD_": str(2 * 2**30),
}
"""Linux keeps a program's freed memory, and gives large tensors huge pages. Without it a CPU spends
up to two thirds of a job on clearing pages: LIFT's training in the demo takes 6 to 18 % longer."""


def visible_devices() -> list[str]:
    """CUDA devices that this job may use: those of CUDA_VISIBLE_DEVICES, else all, else none."""
    allowed = os.environ.get("CUDA_VISIBLE_DEVICES")
    if allowed is not None:
        return [device for device in allowed.split(",") if device.strip()]
    try:
        listing = subprocess.run(
            ["nvidia-smi", "--query-gpu=index", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return []
    return listing.stdout.split()


@contextmanager
def device_slot(devices: list[str], poll_seconds: float = 1.0) -> Iterator[str | None]:
    """Holds one of the devices, waiting for it; yields its name, or None where there is none."""
    if not devices:
        yield None
        return
    folder = Path(tempfile.gettempdir())
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


def environment(threads: int, device: str | None) -> dict[str, str]:
    """Variables of a program: its threads (0: one a core), its memory, its device."""
    # Snakemake sets every library's variable to the cores that the job claims, which is more
    # than its threads where --cores exceeds the machine's.
    count = str(threads or os.cpu_count())
    return {
        **{name: count if name in THREADS else value for name, value in os.environ.items()},
        **dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), count),
        **MEMORY,
        "CUDA_VISIBLE_DEVICES": device or "",
    }


def start_server(threads: int) -> None:
    """Has the jobs of this process's children start at once, where they may be forked."""
    if sys.platform == "linux" and not visible_devices():
        fork_server.start(environment(threads, None), threads)


def run(command: list[str], log: Path, threads: int) -> tuple[int, str]:
    """Runs a program with its output in ``log``.

    Returns:
        its exit code, and the last line that it said.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with device_slot(visible_devices()) as device, log.open("w") as output:
        variables = environment(threads, device)
        code = fork_server.run(command, output, variables, threads)
        if code is None:
            code = subprocess.run(
                command, stdout=output, stderr=subprocess.STDOUT, env=variables, check=False
            ).returncode
    said = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    if code < 0:
        return code, f"killed by signal {-code}"
    return code, said[-1] if said else f"exit code {code}"


def main() -> None:
    """Command line; the result's path names its cell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--result", type=Path, required=True)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    code, reason = run(options.command[1:], options.log, options.threads)
    if not code:
        return
    from benchmarks.records.result import Result, write_result  # noqa: PLC0415  imports torch, two seconds

    print(f"{options.result}: failed, {reason} (log: {options.log})", file=sys.stderr)
    *_, scale, dataset, method, seed, name = options.result.parts
    write_result(
        options.result,
        Result(
            stage=Path(name).stem,  # type: ignore[arg-type]
            scale=scale,
            dataset=dataset,
            method=method,
            seed=int(seed.removeprefix("seed")),
            status="failed",
            reason=reason,
        ),
    )


if __name__ == "__main__":
    main()
