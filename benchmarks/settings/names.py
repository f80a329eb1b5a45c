"""How a cell is named on a command line: SCALE/DATASET/METHOD, or with /seedN."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from benchmarks.settings import folders
from benchmarks.settings.extending import scale_tree
from benchmarks.settings.merge import plain
from benchmarks.settings.reading import ConfigError


class CellName(NamedTuple):
    """A cell; ``seed`` is None where the first of the scale is meant."""

    scale: str
    dataset: str
    method: str
    seed: int | None

    def __str__(self) -> str:
        return f"{self.scale}/{self.dataset}/{self.method}"


def parse_cell(text: str) -> CellName:
    """A cell by its name, or by the path of its results.

    Raises:
        ConfigError: it is no name of a cell.
    """
    found = re.fullmatch(r"(?:results/)?([\w-]+)/([\w-]+)/([\w+-]+)(?:/seed(\d+))?/?", text)
    if not found:
        raise ConfigError(
            f"cell: {text!r}, expected SCALE/DATASET/METHOD or SCALE/DATASET/METHOD/seedN"
        )
    scale, dataset, method, seed = found.groups()
    return CellName(scale, dataset, method, None if seed is None else int(seed))


def configured_cells() -> Iterator[str]:
    """Names of all configured cells, as the files say: quick, and checked by nothing."""
    for scale in folders.files("scales"):
        for name, data in _mapping(_scale(scale), "datasets").items():
            labelled = _mapping(data, "classification")
            methods = [*_list(data, "methods"), *_list(labelled, "methods")]
            yield from (f"{scale}/{name}/{method}" for method in dict.fromkeys(methods))


def _scale(scale: str) -> object:
    try:
        return plain(scale_tree(scale))
    except ConfigError:
        return {}


def _mapping(of: object, name: str) -> dict[str, object]:
    found = of.get(name) if isinstance(of, dict) else None
    return found if isinstance(found, dict) else {}


def _list(of: object, name: str) -> list[str]:
    found = of.get(name) if isinstance(of, dict) else None
    return found if isinstance(found, list) else []
