"""YAML checked by pydantic models; one line a mistake: which key, what is wrong, what was given."""

from __future__ import annotations

from functools import cache
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

Model = TypeVar("Model", bound=BaseModel)


def explain(error: ValidationError) -> str:
    """The first of the mistakes, as ``key: message; got value``.

    Unknown keys come first: a misspelt key also leaves one missing.
    """
    mistakes = error.errors()
    first = min(mistakes, key=lambda mistake: mistake["type"] != "extra_forbidden")
    key = ".".join(str(part) for part in first["loc"]) or "(top level)"
    return f"{key}: {first['msg']}; got {str(first['input'])[:80]!r}"


@cache
def parse_yaml(text: str, model: type[Model]) -> Model:
    """A configuration, checked; once, as the workflow asks thousands of times for the same files.

    Raises:
        yaml.YAMLError: it is no YAML.
        ValidationError: a key is unknown, or a value wrong.
    """
    return model.model_validate(yaml.load(text, Loader=yaml.CSafeLoader))
