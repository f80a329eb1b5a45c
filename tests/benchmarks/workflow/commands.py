"""Runs the workflow of a project, for tests."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[3]
CELL = "results/demo/embedded-images/lift/seed0"


def edit(project, name, change):
    """Changes a YAML file of a project."""
    path = project / name
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(yaml.safe_dump(content), encoding="utf-8")


def words(*arguments):
    """A command line of Snakemake."""
    return [sys.executable, "-m", "snakemake", "--cores", "2", *arguments]


def variables(project):
    """The environment in which a project's own code is imported."""
    return {**os.environ, "PYTHONPATH": str(project), "OMP_NUM_THREADS": "1"}


def snakemake(project, *arguments):
    """Runs Snakemake to its end."""
    return subprocess.run(
        words(*arguments),
        cwd=project,
        env=variables(project),
        capture_output=True,
        text=True,
        check=False,
    )


def planned(project, target=f"{CELL}/reconstruction.json"):
    """The rules that a dry run would run."""
    said = snakemake(project, target, "--dry-run")
    assert said.returncode == 0, said.stdout + said.stderr
    counts = re.findall(r"^(\w+) +\d+$", said.stdout + said.stderr, re.MULTILINE)
    return set(counts) - {"total"}


def result(project, stage):
    """The JSON of one of the cell's stages."""
    return json.loads((project / CELL / f"{stage}.json").read_text(encoding="utf-8"))
