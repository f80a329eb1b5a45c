"""Runs one job of the workflow: programs in a process of their own, with devices of their own.

    python -m benchmarks.workflow.job --threads 1 --log LOG --results A.json B.json --
        benchmarks.stages.encode --dataset ... -- benchmarks.stages.reconstruct --dataset ...

A job passes signals on to its programs and waits until they have saved; it ends when whoever
started it ends. A program that fails leaves a result marked ``failed`` with its reason, so that the
tables can show why a cell is empty while the other cells go on; the job's exit code is then 0. A
job that was stopped leaves no result; its exit code is 130. What programs say goes to the log; the
lines in which a stage starts, goes on and ends stand in the terminal too.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import BinaryIO

from benchmarks.stages.parent import end_with
from benchmarks.workflow.allocation import cpus
from benchmarks.workflow.devices import held_devices

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
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
INTERRUPTED = 130
SAID = re.compile(rb"[a-z_]+: [^;]+; |.*: continuing at step \d")
"""Starts the lines of a log that a terminal shows too, those of `benchmarks.stages.terminal`."""
LOOK_SECONDS = 0.5


def environment(threads: int, devices: Sequence[str]) -> dict[str, str]:
    """Variables of a job's programs: threads (0: one a CPU of the job), memory, devices.

    Processes that share a program, one a device, share its threads.
    """
    # Snakemake sets every library's variable to the cores that the job claims, which is more
    # than its threads where --cores exceeds the machine's.
    count = str(max((threads or cpus()) // max(len(devices), 1), 1))
    return {
        **{name: count if name in THREADS else value for name, value in os.environ.items()},
        **dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), count),
        **MEMORY,
        "CUDA_VISIBLE_DEVICES": ",".join(devices),
    }


class Child:
    """The job's one child: started once, told every signal that the job gets."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self.stopped = False
        for number in SIGNALS:
            if signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._pass_on)

    def _pass_on(self, number: int, frame: FrameType | None) -> None:
        self.stopped = True
        if self.process is None:
            sys.exit(INTERRUPTED)
        self.process.send_signal(number)

    def run(self, command: Sequence[str], log: Path, variables: dict[str, str]) -> int:
        """Runs a command with its output in ``log``; its exit code, negative for a signal."""
        with log.open("wb") as output:
            # Between the two lines a signal would find a child that it does not know.
            signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
            try:
                self.process = subprocess.Popen(
                    command, stdout=output, stderr=subprocess.STDOUT, env=variables,
                    preexec_fn=_unblock,  # noqa: PLW1509  this process has one thread
                )  # fmt: skip
            finally:
                _unblock()
            with log.open("rb") as lines:
                while True:
                    try:
                        code = self.process.wait(LOOK_SECONDS)
                    except subprocess.TimeoutExpired:
                        say(lines)
                    else:
                        say(lines)
                        return code


def say(lines: BinaryIO) -> None:
    """Shows what is new in a log of a stage's start and end; a line once it is whole."""
    while (line := lines.readline()).endswith(b"\n"):
        if SAID.match(line):
            print(line.decode(errors="replace"), end="", file=sys.stderr, flush=True)
    lines.seek(-len(line), os.SEEK_CUR)


def _unblock() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


def record_killed(results: Sequence[Path], code: int, log: Path) -> None:
    """Leaves a failed result for each that is missing, after a program that could not do it."""
    from benchmarks.workflow.programs import write_failure  # noqa: PLC0415  imports torch, two seconds

    name = signal.Signals(-code).name if code < 0 else f"exit code {code}"
    memory = "; is there enough memory?" if -code == signal.SIGKILL else ""
    for result in results:
        if not result.exists():
            write_failure(result, f"ended by {name}{memory} (log: {log})")


def main() -> None:
    """Command line; the results' paths name their cells."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, nargs="+", required=True)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--gpus", type=int, default=0, help="to hold, or all that there are")
    parser.add_argument("--parent", type=int, help="process id of whoever this job ends with")
    split = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    options = parser.parse_args(sys.argv[1:split])
    child = Child()
    if options.parent:
        end_with(options.parent)
    options.log.parent.mkdir(parents=True, exist_ok=True)
    program = [sys.executable, "-m", "benchmarks.workflow.programs", "--parent", str(os.getpid())]
    program += ["--log", str(options.log), "--results", *map(str, options.results)]
    with held_devices(options.gpus) as devices:
        program += ["--processes", str(max(len(devices), 1))]
        variables = environment(options.threads, devices)
        code = child.run([*program, *sys.argv[split:]], options.log, variables)
    if child.stopped or code == INTERRUPTED or -code in SIGNALS:
        last = options.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
        print(f"{options.log}: stopped. {''.join(last)}", file=sys.stderr)
        sys.exit(INTERRUPTED)
    if code:
        record_killed(options.results, code, options.log)


if __name__ == "__main__":
    main()
