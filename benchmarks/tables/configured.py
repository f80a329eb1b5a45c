"""Whether a result was trained as its cell is configured now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.records.result import Result
from benchmarks.settings.cell import resolve
from benchmarks.settings.reading import ConfigError
from lift.checkpoint import differences
from lift.meta.config import FitConfig

SHOWN = 2
"""Differences that are spelled out; the others are counted."""


def changed(result: Result, root: Path) -> str:
    """``trained with other settings than configured (fit.rate 0.1, now 0.2)``; empty where alike.

    Settings that only watch a training do not count. One that a result does not record had its
    default. Empty, too, where nothing is recorded or the scale has no such cell any more.

    Args:
        root: of results, where trials are.
    """
    recorded = result.provenance.config.get("training") if result.provenance else None
    if recorded is None:
        return ""
    try:
        cell = resolve(result.scale, result.dataset, result.method, result.seed, root)
    except ConfigError:
        return ""
    fit = cell.training.fit
    watching = fit.model_dump().keys() - fit.identity().keys()
    before = {name: value for name, value in recorded["fit"].items() if name not in watching}
    found = differences(
        {"fit": _defaults(fit) | before, **_without_fit(recorded)},
        {"fit": fit.identity(), **_without_fit(cell.training.model_dump(mode="json"))},
    )
    more = [f"{len(found) - SHOWN} more"] if len(found) > SHOWN else []
    return (
        f"trained with other settings than configured ({'; '.join([*found[:SHOWN], *more])})"
        if found
        else ""
    )


def sentences(changes: Mapping[str, str]) -> Iterator[str]:
    """What `changed` says of methods, by their titles; those alike together."""
    for said in dict.fromkeys(changes.values()):
        yield f"{', '.join(title for title, text in changes.items() if text == said)}: {said}."


def _defaults(fit: FitConfig) -> dict[str, Any]:
    fields = FitConfig.model_fields.items()
    return {
        name: field.default
        for name, field in fields
        if name in fit.identity() and not field.is_required()
    }


def _without_fit(training: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in training.items() if name != "fit"}
