"""Kills runs at random moments, continues them, and compares what they end with, bit by bit.

    python -m tests.durability.kill --trials 20

Each trial interrupts one rule by one signal to one victim: the job, Snakemake, or everything that
runs in the terminal. Nobody may survive who was asked to end, and the continued run must end as the
undisturbed one did. Exit code 1 where one did not.
"""

import argparse
import itertools
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from tests.benchmarks.workflow.commands import CELL, snakemake, variables, words
from tests.durability.cell import LOGS, RESULTS, copy_of_the_project, keep, outcome, put_back

SIGNALS = (signal.SIGTERM, signal.SIGKILL, signal.SIGINT, signal.SIGHUP)
VICTIMS = ("job", "snakemake", "terminal")
TARGETS = [f"{CELL}/{stage}.json" for stage in RESULTS]
PATIENCE = 120.0
"""Seconds in which whoever was asked to end must have ended."""


def finish(project: Path) -> None:
    """Runs the cell to its end; what a killed Snakemake left locked is unlocked first."""
    snakemake(project, "--unlock")
    done = snakemake(project, *TARGETS)
    if done.returncode:
        sys.exit(f"the run failed:\n{done.stdout}\n{done.stderr}")


def interrupt(project: Path, rule: str, number: int, victim: str, wait: float) -> str:
    """Starts the run, waits until the rule has run for some seconds, and sends the signal.

    Returns:
        what went wrong; nothing where everybody ended.
    """
    log = project / CELL / "logs" / f"{LOGS[rule]}.log"
    run = subprocess.Popen(
        words(*TARGETS),
        cwd=project,
        env=variables(project),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while not log.exists() and run.poll() is None:
        time.sleep(0.02)
    time.sleep(wait)
    family = [psutil.Process(run.pid), *psutil.Process(run.pid).children(recursive=True)]
    if run.poll() is not None:
        return ""  # it was faster
    if victim == "terminal":
        os.killpg(run.pid, number)
    elif victim == "snakemake":
        run.send_signal(number)
    else:
        for process in psutil.Process(run.pid).children():
            process.send_signal(number)
    if victim == "job":  # the run goes on without it, to its end
        jobs = [process for process in family if process.pid != run.pid]
        _, alive = psutil.wait_procs(jobs, PATIENCE)
        run.wait()
    else:
        _, alive = psutil.wait_procs(family, PATIENCE)
        run.poll()
    alive = [process for process in alive if runs(process)]
    said = "; ".join(f"went on: {described(process)}" for process in alive)
    for process in alive:
        process.kill()
    return said


def runs(process: psutil.Process) -> bool:
    """Whether a process has not ended; one that nobody has waited for, a zombie, has."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def described(process: psutil.Process) -> str:
    """What a process is and does, in a few words."""
    try:
        return f"{process.status()} {' '.join(process.cmdline()[:12])}"
    except psutil.Error as error:
        return str(error)


def difference(expected: dict[str, object], found: dict[str, object]) -> str:
    """The first thing that is not equal."""
    for name, value in expected.items():
        if found.get(name) != value:
            return f"{name} differs"
    return ""


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for number in SIGNALS:  # a shell's background ignores some, and what is started here would too
        if number != signal.SIGKILL and signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    dice, wrong = random.Random(options.seed), 0
    with tempfile.TemporaryDirectory(prefix="lift-durability-") as folder:
        project, kept = copy_of_the_project(Path(folder)), Path(folder) / "kept"
        began = time.monotonic()
        finish(project)
        seconds = (time.monotonic() - began) / len(LOGS)
        print(f"undisturbed: {len(LOGS)} jobs of {seconds:.0f} s", flush=True)
        expected = outcome(project)
        keep(project, kept)
        cases = list(itertools.product(LOGS, SIGNALS, VICTIMS))
        dice.shuffle(cases)
        for rule, number, victim in itertools.islice(itertools.cycle(cases), options.trials):
            put_back(project, kept, rule)
            wait = dice.uniform(0, seconds)
            said = interrupt(project, rule, number, victim, wait)
            finish(project)
            said = said or difference(expected, outcome(project)) or "equal"
            wrong += said != "equal"
            name = signal.Signals(number).name
            print(f"{rule:9} {name:8} to {victim:10} after {wait:4.1f} s: {said}", flush=True)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
