"""Settings on top of settings, each of which remembers the file and the key that it came from."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Leaf:
    """One setting, and where it stands: ``key`` of ``file``, with dots."""

    value: Any
    file: str
    key: str

    def __str__(self) -> str:
        return f"{self.file}: {self.key}"


Tree = dict[str, "Tree | Leaf"]
"""Groups of settings; whatever is no mapping is one setting, lists too."""


def sourced(values: Mapping[str, Any], file: str, key: str = "") -> Tree:
    """Settings as a file says them below ``key``."""
    tree: Tree = {}
    for name, value in values.items():
        place = f"{key}.{name}" if key else str(name)
        tree[str(name)] = (
            sourced(value, file, place) if isinstance(value, Mapping) else Leaf(value, file, place)
        )
    return tree


def merge(
    *layers: Tree,
    arguments: Mapping[str, str] | None = None,
    joined: Collection[str] = (),
) -> Tree:
    """Later layers on top of earlier ones, group by group.

    Args:
        arguments: group -> the setting beside it that names what the group is for, with dots. A
            layer that names something else takes nothing of the earlier layers' group.
        joined: names of lists that are appended to instead of replaced.
    """
    merged: Tree = {}
    for layer in layers:
        _put(merged, layer, arguments or {}, joined, "")
    return merged


def _put(
    base: Tree, layer: Tree, arguments: Mapping[str, str], joined: Collection[str], at: str
) -> None:
    for built, chooser in arguments.items():
        parent, _, name = built.rpartition(".")
        if parent == at and _changes(base, layer, chooser):
            base.pop(name, None)
    for name, new in layer.items():
        key, old = f"{at}.{name}" if at else name, base.get(name)
        if isinstance(new, dict):
            below = dict(old) if isinstance(old, dict) else {}
            _put(below, new, arguments, joined, key)
            base[name] = below
        elif name in joined and isinstance(old, Leaf) and _are_lists(old, new):
            added = [value for value in new.value if value not in old.value]
            base[name] = Leaf([*old.value, *added], new.file, new.key)
        else:
            base[name] = new


def _are_lists(*parts: Leaf) -> bool:
    return all(isinstance(part.value, list) for part in parts)


def _changes(base: Tree, layer: Tree, name: str) -> bool:
    old, new = base.get(name), layer.get(name)
    return isinstance(old, Leaf) and isinstance(new, Leaf) and old.value != new.value


def plain(tree: Tree) -> dict[str, Any]:
    """The settings alone."""
    return {
        name: plain(part) if isinstance(part, dict) else part.value for name, part in tree.items()
    }


def group(tree: Tree, *names: str) -> Tree:
    """A group of a group; empty where there is none."""
    for name in names:
        part = tree.get(name)
        tree = part if isinstance(part, dict) else {}
    return tree


def leaves(tree: Tree, at: str = "") -> Iterator[tuple[str, Leaf]]:
    """Every setting with its key, in order."""
    for name, part in tree.items():
        key = f"{at}.{name}" if at else name
        if isinstance(part, dict):
            yield from leaves(part, key)
        else:
            yield key, part


def leaf_at(tree: Tree, keys: Collection[str | int]) -> Leaf | None:
    """The setting at a place, or in which the place lies; None where there is none."""
    part: Tree | Leaf | None = tree
    for key in keys:
        if not isinstance(part, dict):
            break
        part = part.get(str(key))
    return part if isinstance(part, Leaf) else None
