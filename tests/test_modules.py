"""Every module can be imported, and every program says what it takes."""

import importlib
import runpy
import sys

import pytest

from tests.test_rooms import MODULES

PROGRAMS = [
    module.removesuffix(".__main__")
    for module, path in MODULES.items()
    if 'if __name__ == "__main__"' in path.read_text(encoding="utf-8")
]
PYTEST_FINDS = {"benchmarks.speed.conftest"}
"""Imported by pytest, by its own rules."""


@pytest.mark.parametrize("module", sorted(set(MODULES) - PYTEST_FINDS))
def test_it_imports(module):
    importlib.import_module(module)


@pytest.mark.filterwarnings("ignore:.*found in sys.modules:RuntimeWarning")
@pytest.mark.parametrize("program", PROGRAMS)
def test_it_says_what_it_takes(program, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [program, "--help"])
    with pytest.raises(SystemExit) as left:
        runpy.run_module(program, run_name="__main__", alter_sys=True)
    assert not left.value.code
    assert "--help" in capsys.readouterr().out
