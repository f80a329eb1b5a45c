"""Settings that are the arguments of a constructor, checked against its signature."""

from __future__ import annotations

import inspect
import re
import traceback
from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import Any, get_type_hints

from pydantic import BaseModel, ConfigDict, create_model
from pydantic.errors import PydanticUserError

from benchmarks.settings.checking import checked
from benchmarks.settings.merge import Tree, leaves
from benchmarks.settings.reading import ConfigError

KINDS = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def check_arguments(
    of: type, tree: Tree, where: str, name: str, given: Collection[str] = ()
) -> None:
    """Checks names, types and ranges, as the constructor's annotations have them.

    Args:
        where: the file to look into where a setting is missing.
        name: of the group of settings.
        given: arguments that are no settings.

    Raises:
        ConfigError: a setting is unknown, missing or wrong; the message names file, key and value.
    """
    checked(_signature(of, tuple(given)), tree, where, name)


def refused(error: Exception, tree: Tree, where: str, name: str) -> ConfigError:
    """What a constructor did not take, by the setting that its message names.

    An error of another kind is no message for users: the settings that may have caused it are
    named (zero and negative numbers), and the line of code that raised it.
    """
    said = str(error)
    named = {key.rpartition(".")[2]: leaf for key, leaf in leaves(tree)}
    if isinstance(error, ValueError):
        for word in re.findall(r"(\w+): ", said):
            if word in named:
                return ConfigError(f"{named[word]}: {said.removeprefix(f'{word}: ')}")
        return ConfigError(f"{where}: {name}: {said}{_settings(tree)}")
    said = f"{type(error).__name__}: {said}{_place(error)}"
    quoted = [named[word] for word in re.findall(r"'(\w+)'", said) if word in named]
    suspects = quoted or [leaf for leaf in named.values() if _is_small(leaf.value)]
    if len(suspects) == 1:
        return ConfigError(f"{suspects[0]}: {suspects[0].value!r} is refused; {said}")
    return ConfigError(f"{where}: {name}: {said}{_settings(tree)}")


def _settings(tree: Tree) -> str:
    given = ", ".join(f"{key} {leaf.value}" for key, leaf in leaves(tree))
    return f"; with {given or 'no settings'}"


def _place(error: Exception) -> str:
    *_, last = traceback.extract_tb(error.__traceback__)
    return f" ({Path(last.filename).name}, line {last.lineno})"


def _is_small(value: object) -> bool:
    """Whether a value is, or has in it, a number that counts and divisors rarely are."""
    if isinstance(value, list):
        return any(map(_is_small, value))
    return isinstance(value, int | float) and not isinstance(value, bool) and value <= 0


@cache
def _signature(of: type, given: tuple[str, ...]) -> type[BaseModel]:
    parameters = inspect.signature(of).parameters.values()
    hints = _hints(of)
    fields: dict[str, Any] = {}
    for one in parameters:
        if one.kind in KINDS and one.name not in given:
            default = ... if one.default is one.empty else one.default
            fields[one.name] = (_readable(hints.get(one.name, Any)), default)
    others = any(one.kind is one.VAR_KEYWORD for one in parameters)
    config = ConfigDict(extra="allow" if others else "forbid", protected_namespaces=())
    return create_model(of.__name__, __config__=config, **fields)


def _hints(of: type) -> dict[str, Any]:
    try:
        return get_type_hints(of.__init__, include_extras=True)  # type: ignore[misc]
    except (NameError, TypeError):  # of names that are imported for type checkers alone
        return {}


def _readable(hint: Any) -> Any:
    """The annotation, where it is of something that a file can say."""
    try:
        create_model("_", value=(hint, ...))
    except PydanticUserError:
        return Any
    return hint
