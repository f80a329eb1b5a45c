"""The digest of code (what runs again when a file changes), and its commit."""

import re
import subprocess

import pytest

from benchmarks.records import provenance
from benchmarks.records.provenance import code_digest

FILES = {
    "benchmarks/stage.py": '"""Runs."""\nfrom lift.model import f\n\ng = f + 1\n',
    "lift/model.py": "from lift.siren import h\n\nf = h  # the field\n",
    "lift/siren.py": "h = 2\n",
    "lift/unrelated.py": "x = 1\n",
}


@pytest.fixture
def project(tmp_path, monkeypatch):
    for name, source in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(source, encoding="utf-8")
    monkeypatch.setattr(provenance, "ROOT", tmp_path)
    provenance._read.cache_clear()
    return tmp_path


def changed(project, name, source):
    before = code_digest("benchmarks.stage")
    (project / name).write_text(source, encoding="utf-8")
    provenance._read.cache_clear()
    return code_digest("benchmarks.stage") != before


def test_a_module_imported_by_an_import_counts(project):
    assert changed(project, "lift/siren.py", "h = 3\n")


def test_a_module_that_is_not_imported_does_not_count(project):
    assert not changed(project, "lift/unrelated.py", "x = 2\n")


def test_comments_docstrings_and_formatting_do_not_count(project):
    source = '"""Other words."""\nfrom lift.model import f\ng = (f + 1)  # why\n'
    assert not changed(project, "benchmarks/stage.py", source)


def test_an_unknown_module_is_refused(project):
    with pytest.raises(ModuleNotFoundError, match=r"lift\.missing"):
        code_digest("lift.missing")


def test_a_commit_is_marked_where_code_differs_from_it_and_not_for_results(project):
    def git(*command):
        who = ("-c", "user.name=x", "-c", "user.email=x@example.org")
        subprocess.run(["git", "-C", str(project), *who, *command], check=True)

    assert provenance.git_commit() == ""
    curve = project / "results" / "curve.csv"
    curve.parent.mkdir()
    curve.write_text("step\n", encoding="utf-8")
    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "--message", "code")
    clean = provenance.git_commit()
    assert re.fullmatch("[0-9a-f]{12}", clean)
    curve.write_text("step\n1\n", encoding="utf-8")
    assert provenance.git_commit() == clean
    (project / "lift" / "model.py").write_text("f = 3\n", encoding="utf-8")
    assert provenance.git_commit() == f"{clean}-dirty"
