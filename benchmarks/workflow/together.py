"""Runs one program in several processes under ``torchrun``; a failure's reason comes back.

torchrun ... -m benchmarks.workflow.together REASON MODULE ARGUMENTS
"""

from __future__ import annotations

import argparse
import os
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from benchmarks.stages.parent import end_with
from lift.interrupt import Interrupted

SHARED = (
    "benchmarks.stages.fit",
    "benchmarks.stages.encode",
    "benchmarks.stages.generation.generate",
)
"""Programs whose work several processes share."""
SAVING_SECONDS = 150
"""In which a process that was asked to stop has saved: less than a scheduler leaves it."""


def run_together(module: str, arguments: Sequence[str], processes: int) -> None:
    """Runs a program in several processes, to their end.

    Raises:
        SystemExit: it failed; with its own sentence, where it has one.
        Interrupted: this process was asked to stop; they have saved and ended.
    """
    launch = ["--standalone", "--nproc-per-node", str(processes)]
    launch += ["--shutdown-timeout", str(SAVING_SECONDS), "-m", "benchmarks.workflow.together"]
    with tempfile.TemporaryDirectory() as folder:
        reason = Path(folder) / "reason"
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "torch.distributed.run", *launch),
                *(str(reason), module, *arguments),
            ],
            preexec_fn=partial(end_with, os.getpid()),  # noqa: PLW1509  other threads only compute
        )
        try:
            code = process.wait()
        except Interrupted:
            process.terminate()
            process.wait()
            raise
        if code:
            sys.exit(reason.read_text(encoding="utf-8") if reason.exists() else code)


def main() -> None:
    """One of the processes: of those that fail, one alone has a sentence."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("reason", type=Path, help="where a failure's sentence is written")
    parser.add_argument("module")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="of the module")
    options = parser.parse_args()
    sys.argv = [options.module, *options.arguments]
    try:
        runpy.run_module(options.module, run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        if isinstance(ended.code, str):
            options.reason.write_text(ended.code, encoding="utf-8")
            sys.exit(1)
        raise


if __name__ == "__main__":
    main()
