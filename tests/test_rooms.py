"""Imports point one way: between the packages, between the rooms of benchmarks, within a room."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ORDER = (
    "lift",
    "baselines",
    "benchmarks.settings",
    "benchmarks.records",
    "benchmarks.datasets",
    "benchmarks.metrics",
    "benchmarks.figures",
    "benchmarks.checks",
    "benchmarks.speed",
    "benchmarks.stages",
    "benchmarks.tables",
    "benchmarks.workflow",
    "benchmarks.report",
    "benchmarks.cli",
)
"""A room imports itself and those before it."""


def module_of(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {
    module_of(path): path
    for package in ("lift", "baselines", "benchmarks")
    for path in sorted((ROOT / package).rglob("*.py"))
}


def room_of(module):
    parts = module.split(".")
    return ".".join(parts[: 2 if parts[0] == "benchmarks" else 1])


def imported(tree):
    """Modules of this project that a syntax tree imports, wherever in the file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in MODULES)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = (f"{node.module}.{alias.name}" for alias in node.names)
            inside = [name for name in names if name in MODULES]
            yield from inside or [node.module] * (node.module in MODULES)


IMPORTS = {
    module: sorted(set(imported(ast.parse(path.read_text(encoding="utf-8")))))
    for module, path in MODULES.items()
}


def test_rooms_import_only_rooms_before_them():
    upwards = [
        f"{module} imports {other}"
        for module, others in IMPORTS.items()
        for other in others
        if ORDER.index(room_of(other)) > ORDER.index(room_of(module))
    ]
    assert upwards == []


def test_no_modules_import_each_other_in_a_circle():
    assert len(list(TopologicalSorter(IMPORTS).static_order())) == len(MODULES)


def test_every_room_is_in_the_order():
    assert {room_of(module) for module in MODULES} - {"benchmarks"} <= set(ORDER)


@pytest.mark.parametrize("package", ["lift", "baselines", "benchmarks"])
def test_no_package_imports_the_tests(package):
    for module, path in MODULES.items():
        if module.startswith(package):
            assert "from tests" not in path.read_text(encoding="utf-8")
