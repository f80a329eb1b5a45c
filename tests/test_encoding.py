"""Text is UTF-8, whatever a machine's locale says."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("lift", "baselines", "benchmarks", "tests")
FILES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
MODE = {"open": 1, "fdopen": 1}
"""Builtin functions whose mode is their second argument; of a path's ``open`` it is the first."""


def leaves_it_to_the_locale(call):
    """Whether a call opens text without saying how it is encoded."""
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    named = {keyword.arg: keyword.value for keyword in call.keywords}
    if {"encoding", "fileobj", None} & set(named):
        return False
    if name in ("read_text", "write_text"):
        return len(call.args) < (1 if name == "read_text" else 2)
    if name not in MODE:
        return False
    method = isinstance(call.func, ast.Attribute)
    if method and not (isinstance(call.func.value, ast.Name) and call.func.value.id == "os"):
        if name == "fdopen" or len(call.args) > 2:
            return False
        position = 0
        if call.args and not is_mode(call.args[0]):
            return False  # the `open` of something else: an archive, an image
    else:
        position = MODE[name]
    mode = named.get("mode", call.args[position] if len(call.args) > position else None)
    return mode is None or not is_mode(mode) or "b" not in mode.value


def is_mode(node):
    """Whether an argument is written like a mode of `open`."""
    return (
        isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and 0 < len(node.value) <= 3
        and set(node.value) <= set("rwaxbt+")
    )


def found(path):
    """Calls in a file that leave the encoding to the locale."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    return [call for call in calls if leaves_it_to_the_locale(call)]


@pytest.mark.parametrize("package", PACKAGES)
def test_every_text_says_its_encoding(package):
    files = [path for path in FILES if path.is_relative_to(ROOT / package)]
    assert [f"{path}:{call.lineno}" for path in files for call in found(path)] == []
