"""A copy of the project, in an awkward place: its demo is one cell of four training steps."""

import os
import shutil

import pytest

from tests.benchmarks.settings.configuration import only_lift
from tests.benchmarks.workflow.commands import CELL, ROOT, edit, snakemake

AWKWARD = 'it\'s a [place] of $HOME & "more"'


def shrink(scale):
    scale["jobs"] = "stage"
    scale["datasets"] = {"embedded-images": scale["datasets"]["embedded-images"]}
    scale["tables"] = dict.fromkeys(scale["tables"], "embedded-images")
    data = scale["datasets"]["embedded-images"]
    only_lift(data)
    data.update(train=32, validation=4)
    data.update(encode={"train": 6, "test": 5}, evaluate={"train": 4, "test": 4})
    data["fit"].update(batch=4, log_every=2, validate_every=4)
    data["overrides"]["lift"]["fit"]["steps"] = 4


@pytest.fixture(scope="session")
def project(tmp_path_factory):
    """The copy, not yet run; its temporary folder has a name of eighty characters."""
    copy = tmp_path_factory.mktemp("project") / AWKWARD
    for name in ("lift", "baselines", "benchmarks", "config", "profiles"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "Snakefile", copy)
    edit(copy, "config/scales/demo.yaml", shrink)
    temporary = tmp_path_factory.mktemp("t") / ("t" * 80)
    temporary.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "TMPDIR", str(temporary))
        yield copy


@pytest.fixture(scope="session")
def finished(project):
    """The copy, with its cell fitted and measured."""
    done = snakemake(project, f"{CELL}/reconstruction.json")
    assert done.returncode == 0, done.stdout + done.stderr
    return project
