"""Where a number comes from: code, commit, packages, machine."""

from __future__ import annotations

import ast
import hashlib
import importlib.metadata
import resource
import subprocess
from functools import cache
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("lift", "baselines", "benchmarks")
RECORDED = ("torch", "numpy", "scipy", "scikit-image", "scikit-learn", "fvcore")


def _source(module: str) -> Path | None:
    path = ROOT.joinpath(*module.split("."))
    for candidate in (path.with_suffix(".py"), path / "__init__.py"):
        if candidate.exists():
            return candidate
    return None


@cache
def _read(path: Path) -> tuple[str, frozenset[str]]:
    """A file's meaning (its syntax tree without docstrings) and the modules that it imports."""
    tree = ast.parse(path.read_text(), str(path))
    imported: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            imported.add(node.module)
            imported.update(f"{node.module}.{alias.name}" for alias in node.names)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(
            node, clean=False
        ):
            node.body = node.body[1:]
    return ast.dump(tree), frozenset(imported)


def code_digest(*modules: str) -> str:
    """Hash of the given modules and of every module of this project that they import.

    Comments, docstrings and formatting do not count, so that they make nothing run again.

    Raises:
        ModuleNotFoundError: a given module is not part of this project.
    """
    pending, seen = list(modules), {}
    for module in modules:
        if _source(module) is None:
            raise ModuleNotFoundError(f"{module}: no such module in {', '.join(PACKAGES)}")
    while pending:
        path = _source(pending.pop())
        if path is None or path in seen:
            continue
        seen[path], imported = _read(path)
        pending.extend(name for name in imported if name.split(".")[0] in PACKAGES)
    digest = hashlib.sha256()
    for path in sorted(seen):
        digest.update(f"{path.relative_to(ROOT)}\n{seen[path]}\n".encode())
    return digest.hexdigest()[:16]


def git_commit() -> str:
    """The commit of the code, marked where files differ from it; empty outside a checkout."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=12"]
    described = subprocess.run(command, capture_output=True, text=True, check=False)
    return described.stdout.strip()


def packages() -> dict[str, str]:
    """Versions of the packages that numbers depend on; torch's with its build."""
    versions = {name: importlib.metadata.version(name) for name in RECORDED}
    return {**versions, "torch": str(torch.__version__)}


def peak_memory_bytes(device: torch.device) -> int:
    """Most memory in use so far: of the device's allocator on CUDA, of the process on CPU."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def sha256(path: Path) -> str:
    """Hash of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
