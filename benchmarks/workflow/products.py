"""What a program reads besides JSONs: prepared data, weights, latents. Is it there?

Snakemake knows the JSONs alone: they are what tables are made of, and what a repository may keep.
The large files beside them can be missing: removed to save space, or never there in a clone; or
damaged: half copied, say. Arrays are opened as their readers do, and not read.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.datasets.dataset import open_prepared
from benchmarks.datasets.errors import DatasetError
from benchmarks.records.provenance import sha256
from benchmarks.records.result import ResultError, prepared_path, read_result, result_path
from lift.functaset import MANIFEST, FunctasetError, open_functaset

PROGRAMS = {
    "fit": "benchmarks.stages.fit",
    "encode": "benchmarks.stages.encode",
    "encode_copies": "benchmarks.stages.classification.encode_copies",
}
READS = {
    "benchmarks.stages.fit": (),
    "benchmarks.stages.encode": ("fit",),
    "benchmarks.stages.learning_curve": ("fit",),
    "benchmarks.stages.reconstruct": ("fit", "encode"),
    "benchmarks.stages.interpolate": ("fit", "encode"),
    "benchmarks.stages.generation.generate": ("fit", "encode"),
    "benchmarks.stages.classification.encode_copies": ("fit",),
    "benchmarks.stages.classification.classify": ("fit", "encode_copies"),
    "benchmarks.stages.classification.classify_pixels": (),
}
"""Program -> the stages whose files it reads, in their order; each of them reads prepared data."""


def missing_products(
    module: str, arguments: Sequence[str]
) -> Iterator[tuple[str, list[str], Path]]:
    """What a program would miss: why, the command that makes it, and the JSON of that command.

    Each is looked for when it is asked for: what one command makes, the next may lack.
    """
    if module not in READS:
        return
    parser = argparse.ArgumentParser()
    for name, default in (("dataset", ""), ("scale", "demo"), ("method", ""), ("seed", "0")):
        parser.add_argument(f"--{name}", default=default)
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--data", type=Path, default=Path("data"))
    cell, _ = parser.parse_known_args(arguments)
    prepared = prepared_path(cell.results, cell.dataset)
    reason = missing_data(cell.data / cell.dataset)
    if reason and not _failed(prepared):
        places = ["--data", str(cell.data), "--results", str(cell.results)]
        yield reason, ["benchmarks.stages.prepare", "--dataset", cell.dataset, *places], prepared
    for stage in READS[module]:
        path = result_path(
            cell.results, cell.scale, cell.dataset, cell.method, int(cell.seed), stage
        )
        reason = missing_artifact(path)
        if reason:
            yield reason, [PROGRAMS[stage], *arguments], path


def missing_data(directory: Path) -> str:
    """What a prepared data set lacks, or has damaged; nothing where its readers can open it."""
    manifest = directory / "manifest.json"
    if not manifest.exists():
        return f"{manifest} is missing"
    try:
        open_prepared(directory)
    except DatasetError as error:
        return str(error)
    return ""


def missing_artifact(path: Path) -> str:
    """Which file of a result is missing or another one; nothing where it failed."""
    try:
        result = read_result(path)
    except ResultError as error:
        return str(error) if not path.exists() else ""
    for name, expected in result.artifacts.items():
        file = path.parent / name
        if not file.exists():
            return f"{file} is missing"
        if sha256(file) != expected:
            return f"{file} is not the file that {path} names"
        if file.name == MANIFEST and (reason := _lost_latents(file)):
            return reason
    return ""


def _lost_latents(manifest: Path) -> str:
    """Which latents of a functaset are missing or damaged; nothing where they can be opened."""
    weights = json.loads(manifest.read_text(encoding="utf-8"))["field_sha256"]
    try:
        open_functaset(manifest.parent, weights)
    except FunctasetError as error:
        return str(error)
    return ""


def _failed(path: Path) -> bool:
    try:
        return read_result(path).status == "failed"
    except ResultError:
        return False
