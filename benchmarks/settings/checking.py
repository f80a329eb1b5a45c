"""Merged settings checked by a model; a mistake names the file that it stands in."""

from __future__ import annotations

import json

from pydantic import ValidationError

from benchmarks.settings.merge import Tree, group, leaf_at, leaves, plain
from benchmarks.settings.reading import ConfigError, Model, describe, explain, first_mistake


def checked(model: type[Model], tree: Tree, where: str, name: str = "") -> Model:
    """A group of settings as ``model``.

    Args:
        where: the file to look into where a setting is missing.
        name: of the group.

    Raises:
        ConfigError: a setting is unknown, missing or wrong; the message names file, key and value.
    """
    try:
        # By way of JSON, in which a list may stand for a tuple, and nothing else for anything else.
        return model.model_validate_json(json.dumps(plain(tree), default=str), strict=True)
    except ValidationError as error:
        first = first_mistake(error)
        leaf = leaf_at(tree, first["loc"])
        if leaf is None and first["type"] != "value_error":  # a group in a setting's place
            inside = leaves(group(tree, *map(str, first["loc"])))
            leaf = next((found for _, found in inside), None)
        if leaf is None:
            at = f"{name}." if name else ""
            raise ConfigError(f"{where}: {at}{explain(error, model)}") from error
        raise ConfigError(f"{leaf}: {describe(first, model)}") from error
