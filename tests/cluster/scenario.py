"""Runs the workflow through ``profiles/slurm`` on a Slurm of one node, and disturbs it.

    python -m tests.cluster.scenario
    python -m tests.cluster.scenario --only training

Prints what it does and sees. Exit code 1 where something that docs/cluster.md says did not happen.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks.workflow.commands import edit, variables
from tests.cluster import slurm
from tests.durability.cell import copy_of_the_project

DATASET = "results/demo/embedded-images"
TRAINED = f"{DATASET}/gem/seed0"
"""The cell whose training is disturbed."""
CELLS = [f"{DATASET}/{name}/seed0/reconstruction.json" for name in ("lift", "functa")]
TRAINING = [f"{TRAINED}/fit.json", "--config", "jobs=stage"]
PATIENCE = 400.0
"""Seconds in which what is waited for must happen."""
BEGAN = time.monotonic()


class Unseen(RuntimeError):
    """What the documents say did not happen."""


def say(line: str) -> None:
    """A line of the transcript, after the seconds since the start."""
    print(f"{time.monotonic() - BEGAN:5.0f} s  {line}", flush=True)


def expect(truth: object, line: str) -> None:
    """Says what was seen.

    Raises:
        Unseen: it was not.
    """
    if not truth:
        raise Unseen(f"not seen: {line}")
    say(f"seen: {line}")


def wait(happened: Callable[[], Any], line: str) -> Any:
    """Waits for something, and says it.

    Raises:
        Unseen: it did not come in `PATIENCE`.
    """
    until = time.monotonic() + PATIENCE
    while not (found := happened()):
        if time.monotonic() > until:
            raise Unseen(f"not seen within {PATIENCE:.0f} s: {line}")
        time.sleep(0.5)
    say(f"seen: {line}")
    return found


def small(scale: dict[str, Any]) -> None:
    """LIFT's small cell, Functa's with a rate that ruins it, and a training to disturb."""
    data = scale["datasets"]["embedded-images"]
    data["methods"] = ["lift", "functa", "gem"]
    for settings in (data, data["overrides"]["lift"]):
        settings.pop("generation", None)
        settings.pop("classification", None)
    data["overrides"]["functa"] = {
        "field": {"width": 64, "depth": 5, "latent": 128},
        "fit": {"steps": 250, "rate": 1e9, "clip": None},
    }
    data["overrides"]["gem"] = {
        "field": {"width": 64, "depth": 3, "latent": 128},
        "fit": {"steps": 1500, "log_every": 100, "validate_every": 1500},
    }
    scale["resources"]["fit"] = {"gpus": 2, "memory_gb": 2, "minutes": 20}


def project_in(folder: Path) -> Path:
    """A copy of the project, changed as a user changes it, with small cells."""
    project = copy_of_the_project(folder)
    edit(project, "config/scales/demo.yaml", small)
    edit(project, "config/single_signal.yaml", lambda config: config.update(scales={}))
    names = {"account": "lift", "cpu": "all", "gpu": "all"}
    edit(project, "profiles/slurm/cluster.yaml", lambda config: config["cluster"].update(names))
    return project


class Run:
    """One Snakemake that submits jobs."""

    def __init__(self, project: Path, arguments: Sequence[str]) -> None:
        words = ["snakemake", "--profile", "profiles/slurm", *arguments]
        say(f"$ {' '.join(words)}")
        self.output = project / f"run{len(list(project.glob('run*')))}.txt"
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *words],
                cwd=project,
                env=slurm.variables() | variables(project),
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def ended(self, patience: float = PATIENCE) -> int:
        """Waits for its end; its exit code."""
        try:
            return self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise Unseen(f"the run goes on after {patience:.0f} s: {self.output}") from None


def jobs() -> list[str]:
    """Slurm's numbers of the jobs that run now."""
    return slurm.run(["squeue", "-h", "-t", "running", "-o", "%A"]).split()


def states() -> str:
    """What the accounting says of every job: how many ended how."""
    said = slurm.run(["sacct", "-a", "-X", "-n", "-P", "-o", "State"]).splitlines()
    return ", ".join(f"{said.count(state)} {state}" for state in sorted(set(said)))


def result(project: Path, path: str) -> dict[str, Any]:
    """A result's JSON.

    Raises:
        Unseen: there is none.
    """
    if not (project / path).exists():
        raise Unseen(f"no {path}: {project}/run*.txt says why")
    content: dict[str, Any] = json.loads((project / path).read_text(encoding="utf-8"))
    return content


def training_log(project: Path) -> str:
    """The log of the training's last attempt; nothing before it began."""
    path = project / TRAINED / "logs" / "fit.log"
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""


def cells_and_tables(project: Path) -> None:
    """A cell to its row; another one that fails, whose row says why."""
    run = Run(project, [*CELLS, "--config", "jobs=cell", "--slurm-status-command", "sacct"])
    code = run.ended(2 * PATIENCE)
    lift = result(project, f"{DATASET}/lift/seed0/reconstruction.json")
    functa = result(project, f"{DATASET}/functa/seed0/fit.json")
    expect(lift["status"] == "ok", "LIFT's cell ended well")
    expect(functa["status"] == "failed", f"Functa's failed: {functa['reason']}")
    expect(code == 1, "exit code 1 of the run, because a cell failed")
    say("$ python -m benchmarks.tables.tables --scale demo")
    subprocess.run(
        [sys.executable, "-m", "benchmarks.tables.tables", "--scale", "demo"],
        cwd=project,
        env=variables(project),
        check=True,
        capture_output=True,
    )
    table = (project / "results" / "tables.md").read_text(encoding="utf-8").splitlines()
    value = next(m["value"] for m in lift["metrics"] if m["name"] == "psnr")
    expect(row := next((r for r in table if f"{value:.2f}" in r), ""), "LIFT's row of the tables:")
    say(f"  {row}")
    reason = functa["reason"].partition(";")[0]
    expect(row := next((r for r in table if reason in r), ""), "Functa's reason in the tables:")
    say(f"  {row[:200]}")
    say(f"jobs so far: {states()}")


def checkpointed(project: Path) -> bool:
    """Whether a job trains and has saved."""
    return bool(jobs()) and (project / TRAINED / "checkpoint.safetensors").exists()


def continued(project: Path) -> str:
    """The line with which an attempt says where it goes on."""
    lines = training_log(project).splitlines()
    return next((line for line in lines if "continuing at step" in line), "")


def cancelled(project: Path) -> None:
    """A training that Slurm cancels goes on in the next attempt."""
    run = Run(project, TRAINING)
    wait(lambda: checkpointed(project), "the training has saved")
    (job,) = jobs()
    say(f"$ scancel {job}")
    slurm.run(["scancel", job])
    wait(
        lambda: "is kept; run it again" in training_log(project), "it saved at the signal and ended"
    )
    wait(lambda: jobs() not in ([], [job]), "the next attempt runs")
    say(f"  {wait(lambda: continued(project), 'it goes on:')}")
    killed(project, run)


def killed(project: Path, run: Run) -> None:
    """What a killed Snakemake submitted goes on; the next Snakemake ends what that one began."""
    (job,) = jobs()
    say("$ kill -9 SNAKEMAKE")
    os.kill(run.process.pid, signal.SIGKILL)
    run.process.wait()
    expect(jobs() == [job], "the job goes on without it")
    subprocess.run(
        [sys.executable, "-m", "snakemake", "--profile", "profiles/slurm", "--unlock", *TRAINING],
        cwd=project, env=slurm.variables() | variables(project), check=True, capture_output=True,
    )  # fmt: skip
    again = Run(project, TRAINING)
    expect(again.ended() == 0, "the next run ended well")
    fit = result(project, f"{TRAINED}/fit.json")
    expect(fit["status"] == "ok", "the training has its result")
    processes = fit["provenance"]["processes"]
    expect(processes == 2, f"it is of {processes} processes, one a GPU of the job")
    say(f"jobs so far: {states()}")


def main() -> None:
    """Command line."""
    parts = {"cells": cells_and_tables, "training": cancelled}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=parts, help="one part; both where none is named")
    only = parser.parse_args().only
    if problem := slurm.missing():
        sys.exit(f"no Slurm here: {problem}")
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # ends daemons
    folder = Path(tempfile.mkdtemp(prefix="lift-cluster-"))
    folder.chmod(0o755)  # munge wants a socket that everybody reaches
    say(f"everything is in {folder}")
    try:
        with slurm.one_node(folder / "slurm"):
            project = project_in(folder)
            for part in [only] if only else parts:
                parts[part](project)
    except (Unseen, RuntimeError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
