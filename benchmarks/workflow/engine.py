"""Snakemake, asked by a program: what is run, and what would run and why."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.settings import folders
from benchmarks.settings.names import CellName
from benchmarks.settings.reading import ConfigError
from benchmarks.settings.scale import load_scale, seed_of
from benchmarks.settings.trial import RESULTS
from benchmarks.stages.settings import Resolved, resolve_all

JOB = re.compile(r"^(?:local)?(?:rule|checkpoint) (\w+):\n((?:    .*\n)+)", re.MULTILINE)
WHY_CHARACTERS = 160


@dataclass(frozen=True)
class Job:
    """One that would run: its rule, its first output, and why."""

    rule: str
    output: str
    why: str


class EngineError(RuntimeError):
    """Snakemake refused; the message is its error."""


def targets(cell: CellName, stage: str | None) -> list[str]:
    """The results of a cell's stage; without one, of all that the scale has settings for.

    Raises:
        ConfigError: there is no such cell, it has no such stage, or a setting of any of its
            stages is wrong.
    """
    seed = seed_of(cell)
    folder = RESULTS / cell.scale / cell.dataset / cell.method / f"seed{seed}"
    root = folders.ROOT / RESULTS  # wherever the command is typed
    found = resolve_all(cell.scale, cell.dataset, cell.method, seed, root)
    known = _stages(cell, found)
    if stage and stage not in known:
        raise ConfigError(f"{cell}: has no {stage}; its stages are {', '.join(known)}")
    return [str(folder / f"{name}.json") for name in ([stage] if stage else _last(found))]


def _last(found: Resolved) -> list[str]:
    stages = ["reconstruction"] if found.cell else []
    stages += ["generation", "interpolation"] if found.generation else []
    return [*stages, *(["classification"] if found.classification else [])]


def _stages(cell: CellName, found: Resolved) -> list[str]:
    """All that can be asked for."""
    if not found.cell:
        return ["classification"]
    stages = ["fit", "learning_curve", "encode", "reconstruction"]
    # A cell that runs as a whole makes what its scale wants, and nothing else.
    whole = load_scale(cell.scale).jobs == "cell"
    stages += ["interpolation"] if found.generation or not whole else []
    stages += ["generation"] if found.generation else []
    return [*stages, *(["encode_copies", "classification"] if found.classification else [])]


def run(wanted: Sequence[str], scale: str, cores: int | None) -> int:
    """Runs whatever the wanted files need; returns Snakemake's exit code."""
    command = _command(wanted, scale, cores)
    return subprocess.run(command, cwd=folders.ROOT, check=False).returncode


def plan(wanted: Sequence[str], scale: str) -> list[Job]:
    """What would run for the wanted files, in no order.

    Raises:
        EngineError: Snakemake knows no way to make them.
    """
    command = [*_command(wanted, scale, None), "--dry-run"]
    said = subprocess.run(command, cwd=folders.ROOT, capture_output=True, text=True, check=False)
    if said.returncode:
        raise EngineError(_error(said.stdout + said.stderr, said.returncode))
    return [_job(rule, block) for rule, block in JOB.findall(said.stdout + said.stderr)]


def _error(said: str, code: int) -> str:
    """What Snakemake says from its first error on; all of it where it names none."""
    found = re.search(r"^.*(?:Error|Exception)\b.*", said, re.MULTILINE | re.DOTALL)
    return (found[0] if found else said).strip() or f"snakemake: exit code {code}"


def _job(rule: str, block: str) -> Job:
    said = dict(re.findall(r"^    (\w+): (.*)$", block, re.MULTILINE))
    why = said.get("reason", "")
    short = why if len(why) <= WHY_CHARACTERS else why[:WHY_CHARACTERS] + " ..."
    return Job(rule, said.get("output", "").split(",")[0], short)


def _command(wanted: Sequence[str], scale: str, cores: int | None) -> list[str]:
    """Snakemake's command line; a trial is no cell that runs as a whole."""
    own, trial = folders.included(), any("+" in path for path in wanted)
    values = [f"scale={scale}", *(["jobs=stage"] if trial else [])]
    values += [f"include={own}"] if own else []
    return [
        *(sys.executable, "-m", "snakemake", *wanted),
        *(["--cores", str(cores)] if cores else []),
        *("--config", *values),
    ]
