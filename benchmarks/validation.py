"""One line out of a pydantic error: which key, what is wrong with it, what was given."""

from __future__ import annotations

from pydantic import ValidationError


def explain(error: ValidationError) -> str:
    """The first of the mistakes, as ``key: message; got value``.

    Unknown keys come first: a misspelt key also leaves one missing.
    """
    mistakes = error.errors()
    first = min(mistakes, key=lambda mistake: mistake["type"] != "extra_forbidden")
    key = ".".join(str(part) for part in first["loc"]) or "(top level)"
    return f"{key}: {first['msg']}; got {str(first['input'])[:80]!r}"
