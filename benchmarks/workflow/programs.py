"""Runs the programs of one job, one after the other in one process, and records each failure.

Importing the libraries takes longer than many a program of a small cell, so that the stages of a
cell share a process. Each is run as by hand: ``python -m MODULE ARGUMENTS``. One whose work
several processes can share is started by ``torchrun`` where the job has several devices.
"""

from __future__ import annotations

import argparse
import os
import runpy
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from benchmarks.records.result import Result, ResultError, read_result, write_result
from benchmarks.stages.lock import WAIT
from benchmarks.stages.parent import end_with
from benchmarks.workflow.products import missing_products
from benchmarks.workflow.together import SHARED, run_together
from lift.files import replacing
from lift.interrupt import EXIT_CODE, Interrupted, interruptible


def run(module: str, arguments: Sequence[str], processes: int) -> None:
    """Runs one program in this process, or in ``processes`` of them if these can share it.

    Raises:
        SystemExit: it ended by itself.
    """
    if processes > 1 and module in SHARED:
        run_together(module, arguments, processes)
        return
    before = sys.argv
    sys.argv = [module, *arguments]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    finally:
        sys.argv = before


def attempt(module: str, arguments: Sequence[str], log: Path, processes: int) -> str:
    """Runs one program, after whatever makes again what it reads and does not find.

    Returns:
        the reason why it failed, in one sentence; nothing where it did not.

    Raises:
        SystemExit: a signal stopped it.
    """
    try:
        for reason, upstream, path in missing_products(module, arguments):
            print(f"{reason}: running {upstream[0]} again", flush=True)
            _again(upstream[0], upstream[1:], path, processes)
        run(module, arguments, processes)
    except SystemExit as ended:
        if ended.code == EXIT_CODE:
            raise
        if isinstance(ended.code, str):
            print(ended.code, file=sys.stderr, flush=True)
            return ended.code.partition(": ")[2]
        return f"exit code {ended.code}; its message is in {log}" if ended.code else ""
    except Exception as error:
        traceback.print_exc()
        said = str(error).strip().splitlines() or ["no message"]
        return f"{type(error).__name__}: {said[0]} (a bug; its traceback is in {log})"
    return ""


def _again(module: str, arguments: Sequence[str], path: Path, processes: int) -> None:
    """Runs an earlier program; its result stays as it was where it made the same files again."""
    try:
        known, content, times = read_result(path), path.read_bytes(), path.stat()
    except ResultError:  # missing or damaged: nothing to keep
        run(module, arguments, processes)
        return
    run(module, arguments, processes)
    if known.status == "ok" and known.artifacts == read_result(path).artifacts:
        with replacing(path) as unfinished:
            unfinished.write_bytes(content)
            os.utime(unfinished, ns=(times.st_atime_ns, times.st_mtime_ns))


def write_failure(path: Path, reason: str) -> None:
    """A failed result; its path names its cell. One that is fine is never replaced."""
    try:
        if read_result(path).status == "ok":
            return
    except ResultError:
        pass
    *_, scale, dataset, method, seed, name = path.parts
    failed = Result(
        stage=Path(name).stem,  # type: ignore[arg-type]
        scale=scale,
        dataset=dataset,
        method=method,
        seed=int(seed.removeprefix("seed")),
        status="failed",
        reason=reason,
    )
    write_result(path, failed)


def main() -> None:
    """Command line: as many programs, each after a ``--``, as results."""
    split = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--processes", type=int, required=True, help="that share a program")
    parser.add_argument("--results", type=Path, nargs="+", required=True)
    options = parser.parse_args(sys.argv[1:split])
    end_with(options.parent)
    os.environ[WAIT] = "1"
    programs: list[list[str]] = []
    for word in sys.argv[split:]:
        programs.append([]) if word == "--" else programs[-1].append(word)
    try:
        with interruptible():
            for result, (module, *arguments) in zip(options.results, programs, strict=True):
                reason = attempt(module, arguments, options.log, options.processes)
                if reason:
                    write_failure(result, reason)
    except Interrupted as error:
        print(error, file=sys.stderr)
        sys.exit(EXIT_CODE)


if __name__ == "__main__":
    main()
