"""A trial: a configured cell with some settings changed, as METHOD+NAME beside the cell itself.

Its folder of results holds ``settings.yaml`` with the changes, so that every stage, whoever starts
it, finds the same settings.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

from benchmarks.settings import folders
from benchmarks.settings.digest import digest
from benchmarks.settings.merge import Tree, sourced
from benchmarks.settings.reading import ConfigError, parse_yaml, read_mapping
from lift.files import replacing

RESULTS = Path("results")
GROUPS = ("field", "fit", "generation", "classification", "encode", "evaluate")
"""Settings of a cell that are groups of settings."""
CHANGEABLE = (*GROUPS, "train", "validation")
"""What a trial may change of a cell."""
NAME = r"[\w-]{1,100}"
"""Of a trial; with its method it is a folder's name."""


def split_name(method: str) -> tuple[str, str]:
    """The method, and the name of the trial; empty for a configured cell."""
    base, _, name = method.partition("+")
    return base, name


def changes_of(assignments: Sequence[str]) -> dict[str, Any]:
    """What ``fit.steps=500`` and the like say, in groups.

    Raises:
        ConfigError: one is no assignment, names no group of a cell, or sets what is set already.
    """
    changes: dict[str, Any] = {}
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        *groups, name = key.strip().split(".")
        if not equals or not name or (groups or [name])[0] not in CHANGEABLE:
            raise ConfigError(
                f"--set: {assignment!r}, expected GROUP.NAME=VALUE such as fit.steps=500; "
                f"groups are {', '.join(CHANGEABLE)}"
            )
        place = changes
        for group in groups:
            place = place.setdefault(group, {})
            if not isinstance(place, dict):
                raise ConfigError(f"--set: {assignment!r}: {group!r} is set to a value already")
        if name in place:
            raise ConfigError(f"--set: {assignment!r}: {name!r} is set already; expected once")
        try:
            place[name] = deepcopy(parse_yaml(text))
        except (yaml.YAMLError, ValueError) as error:
            line = " ".join(str(error).split())
            raise ConfigError(f"--set: {assignment!r}: no value ({line})") from error
    return changes


def trial_of(method: str, changes: dict[str, Any], name: str | None) -> str:
    """METHOD+NAME; without a name, the changes' own.

    Raises:
        ConfigError: the name has other characters than a folder's should.
    """
    chosen = name or digest(changes)[:8]
    if not re.fullmatch(NAME, chosen):
        raise ConfigError(f"--name: {chosen!r}, expected up to 100 letters, digits, - and _")
    return f"{method}+{chosen}"


def write_trial(scale: str, dataset: str, trial: str, changes: dict[str, Any], root: Path) -> None:
    """Writes the changes, once.

    Raises:
        ConfigError: a trial of this name has other changes.
    """
    path = trial_path(scale, dataset, trial, root)
    if path.exists():
        if (found := read_mapping(path)) != changes:
            raise ConfigError(
                f"{path}: has {found}, expected {changes}; give this trial another --name, or move "
                f"{path.parent} away if it is of an ablation or a search, to train it anew"
            )
        return
    with replacing(path) as unfinished:
        unfinished.write_text(yaml.safe_dump(changes, sort_keys=False), encoding="utf-8")


def read_trial(scale: str, dataset: str, method: str, root: Path) -> Tree:
    """What a trial changes; nothing for a configured cell.

    Raises:
        ConfigError: there is no such trial, or this is no name of one.
    """
    base, name = split_name(method)
    if method == base:
        return {}
    if not re.fullmatch(NAME, name):
        raise ConfigError(
            f"method: {method!r}, expected METHOD or METHOD+NAME of up to 100 letters, digits, - "
            "and _"
        )
    path = trial_path(scale, dataset, method, root)
    if not path.exists():
        raise ConfigError(f"{path}: no such file; `lift run` with --set and --name makes a trial")
    return sourced(read_mapping(path), folders.shown(path))


def trial_path(scale: str, dataset: str, trial: str, root: Path) -> Path:
    """Where a trial's changes are."""
    return root / scale / dataset / trial / "settings.yaml"
