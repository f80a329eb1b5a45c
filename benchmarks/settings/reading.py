"""YAML files checked by models; one line a mistake: file, key, what is wrong, what was given."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, TypeVar, get_args

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

Model = TypeVar("Model", bound=BaseModel)


class ConfigError(ValueError):
    """A configuration that is missing or wrong; the message names the file and the key."""


def _once(values: list[Any]) -> list[Any]:
    for value in values:
        if values.count(value) > 1:
            raise ValueError(f"{value!r} stands twice, expected once")
    return values


NUMBERS = (":int", ":float", ":timestamp")
Entry = TypeVar("Entry")
Distinct = Annotated[list[Entry], AfterValidator(_once)]
"""A list in which nothing stands twice."""


class Data(BaseModel):
    """Checked, and not to be changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class _Loader(yaml.CSafeLoader):
    """Reads numbers as YAML 1.2 and Python do; a key stands once, and holds no loop.

    1e-4 is a number; 1:30 is no number to base 60, 010 not eight and 2026-01-01 no date: all text.
    """

    def get_single_node(self) -> yaml.Node | None:
        node = super().get_single_node()
        _refuse_twice(node, "", ())
        return node


def _refuse_twice(node: yaml.Node | None, at: str, above: tuple[yaml.Node, ...]) -> None:
    if any(node is one for one in above):
        raise ValueError(f"{at}: an alias of what it stands in, expected a value")
    below = (*above, node) if node else above
    if isinstance(node, yaml.SequenceNode):
        for part in node.value:
            _refuse_twice(part, at, below)
    elif isinstance(node, yaml.MappingNode):
        lines: dict[str, int] = {}
        for key, value in node.value:
            name, line = str(key.value), key.start_mark.line + 1
            place = f"{at}.{name}" if at else name
            if name in lines:
                raise ValueError(
                    f"{place}: stands twice, in lines {lines[name]} and {line}; expected one"
                )
            lines[name] = line
            _refuse_twice(value, place, below)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, form) for tag, form in resolvers if not tag.endswith(NUMBERS)]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}
for _kind, _form in (
    ("int", r"^[-+]?(0|[1-9][0-9_]*|0x[0-9a-fA-F]+)$"),
    ("float", r"^[-+]?([0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)([eE][-+]?[0-9]+)?$"),
    ("float", r"^[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+$"),
    ("float", r"^([-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$"),
):
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_kind}", re.compile(_form), list("-+.0123456789")
    )


def first_mistake(error: ValidationError) -> ErrorDetails:
    """The first unknown key, else the first mistake."""
    return min(error.errors(), key=lambda mistake: mistake["type"] != "extra_forbidden")


def explain(error: ValidationError, model: type[BaseModel] | None = None) -> str:
    """The first of the mistakes, as ``key: message; got value``.

    Unknown keys come first: a misspelt key also leaves one missing.
    """
    first = first_mistake(error)
    key = ".".join(str(part) for part in first["loc"]) or "(top level)"
    return f"{key}: {describe(first, model)}"


def describe(mistake: ErrorDetails, model: type[BaseModel] | None = None) -> str:
    """``message; got value``, and the keys that ``model`` has where one of them is unknown."""
    few = mistake["type"] == "missing" and isinstance(mistake["input"], list)
    line = f"{'Too few entries' if few else mistake['msg']}; got {str(mistake['input'])[:80]!r}"
    if model and mistake["type"] == "extra_forbidden":
        group = _model_at(model, mistake["loc"][:-1])
        line += f"; expected {', '.join(group.model_fields) or 'no key'}" if group else ""
    return line


def _model_at(model: type[BaseModel], keys: Sequence[str | int]) -> type[BaseModel] | None:
    """The model that checks a group of a group; None where no model does."""
    kind: Any = model
    for key in keys:
        if inspect.isclass(kind) and issubclass(kind, BaseModel):
            field = kind.model_fields.get(str(key))
            kind = field.annotation if field else None
        else:  # of a dict or list, what it holds
            kind = (get_args(kind) or (None,))[-1]
        models = [one for one in get_args(kind) if inspect.isclass(one)]
        if NoneType in models:
            kind = models[0]
    return kind if inspect.isclass(kind) and issubclass(kind, BaseModel) else None


@cache
def parse_yaml(text: str) -> Any:
    """What a YAML text says; once, as the workflow asks thousands of times for the same files.

    Raises:
        yaml.YAMLError: it is no YAML.
        ValueError: a number is infinite or none, a value is of no kind that settings have, a key
            stands twice, or an alias stands for what it is part of; the message names the key.
    """
    content = yaml.load(text, Loader=_Loader)
    _refuse_others(content, "")
    return content


@cache
def _checked(text: str, model: type[Model]) -> Model:
    # Strict, so that `yes` is no count.
    return model.model_validate(parse_yaml(text), strict=True)


def read_text(path: Path) -> str:
    """A configuration file's text.

    Raises:
        ConfigError: there is no such file, and the message names those that there are; or it is
            no text.
    """
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        known = ", ".join(sorted(other.stem for other in path.parent.glob("*.yaml")))
        there = f"{path.parent.name} has {known}" if known else f"no YAML in {path.parent}"
        raise ConfigError(f"{path}: no such file; {there}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not text in UTF-8 ({error}); write it again") from error


def read_mapping(path: Path) -> dict[str, Any]:
    """What one YAML file says, not checked further; not to be changed.

    Raises:
        ConfigError: the file is missing, is no YAML, has no keys or one twice, or an infinite
            number.
    """
    text = read_text(path)
    try:
        content = parse_yaml(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not YAML ({' '.join(str(error).split())})") from error
    except ValueError as error:
        raise ConfigError(f"{path}: {error}") from error
    if not isinstance(content, dict):
        given = "empty" if content is None else repr(str(content)[:80])
        raise ConfigError(f"{path}: {given}, expected keys with values")
    return content


def read_yaml(path: Path, model: type[Model]) -> Model:
    """Reads and checks one YAML file.

    Raises:
        ConfigError: the file is missing, is no YAML, or has an unknown key or a wrong value.
    """
    read_mapping(path)
    try:
        return _checked(read_text(path), model)
    except ValidationError as error:
        raise ConfigError(f"{path}: {explain(error, model)}") from error


def _refuse_others(value: Any, key: str) -> None:
    """What JSON cannot say: infinite numbers, and the dates, sets and bytes of YAML's tags."""
    if isinstance(value, dict):
        for name, part in value.items():
            _refuse_others(part, f"{key}.{name}" if key else str(name))
    elif isinstance(value, list):
        for part in value:
            _refuse_others(part, key)
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{key or 'value'}: {value}, expected a finite number")
    elif not isinstance(value, str | int | float | None):
        raise ValueError(f"{key or 'value'}: {value!r}, expected a number, text or a list")
