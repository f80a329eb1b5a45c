"""Failed results and unreadable ones: what runs again, what is kept, what a run says at its end.

Nothing here deletes: Snakemake removes an output when its job starts, under its own lock.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import get_args

from benchmarks.records.result import Result, ResultError, Stage, read_result

STAGES = frozenset(get_args(Stage))


def is_failed(path: str) -> bool:
    """Whether a result is there and failed, or cannot be read."""
    try:
        return read_result(Path(path)).status == "failed"
    except ResultError:
        return Path(path).exists()


def keep_unreadable(outputs: Iterable[str]) -> list[str]:
    """Looks at the results that a run is about to make again.

    One that is damaged is moved aside.

    Returns:
        a line for each that was.

    Raises:
        ResultError: one is fine but of another version of this code: running on would lose it.
    """
    moved = []
    for path in map(Path, outputs):
        if path.suffix != ".json" or not path.exists():
            continue
        try:
            read_result(path)
        except ResultError as error:
            if _is_a_result(path):
                raise ResultError(
                    f"{error}; it is of another version of this code: use that version, or move "
                    f"{path.parent} away. Nothing was changed"
                ) from error
            aside = path.with_name(f"{path.name}.damaged")
            path.rename(aside)
            moved.append(f"{error}; kept as {aside}")
    return moved


def report(outputs: Iterable[str]) -> str:
    """What failed, a line each; nothing where nothing did.

    Results that are missing because an earlier stage failed are counted, not listed.
    """
    lines, following = [], 0
    for path in sorted({Path(output) for output in outputs}):
        if path.suffix != ".json" or path.stem not in STAGES or not path.exists():
            continue
        try:
            found: Result = read_result(path)
        except ResultError as error:
            lines.append(str(error))
            continue
        if found.status == "failed" and found.reason.partition(" failed: ")[0] in STAGES:
            following += 1
        elif found.status == "failed":
            lines.append(f"{path}: {found.reason}")
    if not lines:
        return ""
    more = f", and {following} that need one of them" if following else ""
    listed = "".join(f"\n  {line}" for line in lines)
    return f"{len(lines)} failed{more}; the next run tries them again:{listed}"


def _is_a_result(path: Path) -> bool:
    """Whether a file that this version cannot read is a whole result of some version."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return False
    return isinstance(content, dict) and {"schema_version", "stage", "status"} <= set(content)
