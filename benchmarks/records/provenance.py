"""Where a number comes from: code, commit, packages, machine."""

from __future__ import annotations

import ast
import hashlib
import importlib.metadata
import importlib.util
import resource
import subprocess
from contextlib import suppress
from functools import cache
from pathlib import Path

import torch

from benchmarks.settings.folders import included

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("lift", "baselines", "benchmarks")
"""Packages of this project; modules of a folder of one's own are followed too."""
RECORDED = ("torch", "numpy", "scipy", "scikit-image", "scikit-learn", "fvcore")


def _source(module: str) -> tuple[str, Path] | None:
    """A module's name in digests and its file; None where it is of another package."""
    roots = [ROOT] if module.split(".", maxsplit=1)[0] in PACKAGES else []
    for root in [*roots, *([folder] if (folder := included()) else [])]:
        path = root.joinpath(*module.split("."))
        for candidate in (path.with_suffix(".py"), path / "__init__.py"):
            if candidate.exists():
                return str(candidate.relative_to(root)), candidate
    return None


@cache
def _read(path: Path, module: str) -> tuple[str, frozenset[str]]:
    """A file's meaning (its syntax tree without docstrings) and the modules that it imports."""
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    imported: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else []
            origin = ".".join([*above, *([node.module] if node.module else [])])
            imported.add(origin)
            imported.update(f"{origin}.{alias.name}" for alias in node.names)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(
            node, clean=False
        ):
            node.body = node.body[1:]
    return ast.dump(tree), frozenset(name for name in imported if name)


def code_digest(*modules: str) -> str:
    """Hash of the given modules and of every module of this project that they import.

    Comments, docstrings and formatting do not count, so that they make nothing run again. Modules
    of a folder of one's own count like the project's; of an installed package, the given module.

    Raises:
        ModuleNotFoundError: there is no such module.
    """
    pending, seen = list(modules), {}
    for module in modules:
        if _source(module) is None:
            seen[module] = _installed(module)
    while pending:
        module = pending.pop()
        found = _source(module)
        if found is None or found[0] in seen:
            continue
        name, path = found
        seen[name], imported = _read(path, module)
        pending.extend(imported)
    digest = hashlib.sha256()
    for name in sorted(seen):
        digest.update(f"{name}\n{seen[name]}\n".encode())
    return digest.hexdigest()[:16]


def _installed(module: str) -> str:
    """The hash of the file of a module that is part of neither."""
    try:
        spec = importlib.util.find_spec(module)
    except ImportError:
        spec = None
    if spec is None or spec.origin is None or not Path(spec.origin).is_file():
        where = f" and {folder}" if (folder := included()) else ""
        raise ModuleNotFoundError(f"{module}: no such module in {', '.join(PACKAGES)}{where}")
    return sha256(Path(spec.origin))


def git_commit() -> str:
    """The commit of the code, marked where files differ from it; empty outside a checkout.

    Files in ``results/`` do not count: a run writes them anew while it lasts.
    """
    commit = _git("rev-parse", "--short=12", "HEAD")
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!results")
    return f"{commit}-dirty" if changed else commit


def _git(*command: str) -> str:
    run = ["git", "-C", str(ROOT), *command]
    return subprocess.run(run, capture_output=True, text=True, check=False).stdout.strip()


def packages() -> dict[str, str]:
    """Versions of the packages that numbers depend on; torch's with its build."""
    versions = {name: importlib.metadata.version(name) for name in RECORDED}
    return {**versions, "torch": str(torch.__version__)}


def forget_peak_memory(device: torch.device) -> None:
    """Counts the peak of memory from here on; the process's only where the system lets it."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        return
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # see man 5 proc


def peak_memory_bytes(device: torch.device) -> int:
    """Most memory in use since `forget_peak_memory`, or since the process began where that is
    impossible: of the device's allocator on CUDA, of the process on CPU."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def sha256(path: Path) -> str:
    """Hash of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
