"""A scale on top of the one that it extends."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from benchmarks.settings import folders
from benchmarks.settings.merge import Leaf, Tree, group, merge, sourced
from benchmarks.settings.reading import ConfigError, read_mapping


def scale_tree(scale: str) -> Tree:
    """What a scale says, each setting with the file that it stands in."""
    return _tree(folders.find("scales", scale), ())


def _tree(path: Path, seen: tuple[Path, ...]) -> Tree:
    content = read_mapping(path)
    tree = sourced(content, folders.shown(path))
    base, here = content.get("extends"), folders.CONFIG / "scales"
    if path.parent != here and (here / path.name).exists() and base != path.stem:
        raise ConfigError(
            f"{path}: there is a scale {path.stem!r} in {folders.shown(here)}; give yours another "
            f"name, or add to that one by `extends: {path.stem}`"
        )
    if base is None:
        return _without_nulls(tree)
    if not isinstance(base, str):
        raise ConfigError(f"{folders.shown(path)}: extends: {base!r}, expected a scale's name")
    below = here / f"{base}.yaml"
    if below in (path, *seen):
        raise ConfigError(f"{path}: extends: {base!r} extends itself")
    return _without_nulls(merge(_tree(below, (path, *seen)), tree, joined=("methods",)))


def _without_nulls(tree: Tree) -> Tree:
    """Without data sets, tables, and parts of a data set that are null: they are left out."""

    def kept(group: Tree, names: Collection[str]) -> Tree:
        return {key: part for key, part in group.items() if key not in names or not _is_null(part)}

    found = dict(tree)
    for name in ("datasets", "tables"):
        if isinstance(part := found.get(name), dict):
            found[name] = kept(part, part)
    if isinstance(datasets := found.get("datasets"), dict):
        stage_2 = ("classification", "generation")
        found["datasets"] = {
            name: _generating(kept(data, stage_2), data) if isinstance(data, dict) else data
            for name, data in datasets.items()
        }
    return found


def _generating(data: Tree, given: Tree) -> Tree:
    """Without the overrides of a generation that is null."""
    if not _is_null(given.get("generation")):
        return data
    overrides = {
        name: {key: part for key, part in changes.items() if key != "generation"}
        if isinstance(changes, dict)
        else changes
        for name, changes in group(data, "overrides").items()
    }
    return {**data, "overrides": overrides} if overrides else data


def _is_null(part: Tree | Leaf | None) -> bool:
    return isinstance(part, Leaf) and part.value is None
