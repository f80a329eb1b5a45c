"""What the result of a comparison on one signal says about how it was made."""

from __future__ import annotations

from typing import Any

from benchmarks.records.result import Result


def sizes(result: Result) -> dict[str, Any]:
    """The sizes that were recorded, the task's before its scale's; empty without settings."""
    config = result.provenance.config if result.provenance else {}
    shared = config.get("scales", {}).get(result.scale, {})
    own = shared.get("tasks", {}).get(result.dataset, {})
    return shared | {name: value for name, value in own.items() if value is not None}


def budget(result: Result) -> str:
    """``1,001 steps of 8,192 points, seeds 0``; empty where it was not recorded."""
    found = sizes(result)
    if not found:
        return ""
    seeds = ", ".join(map(str, found["seeds"]))
    return f"{found['steps']:,} steps of at most {found['points']:,} points, seeds {seeds}"
