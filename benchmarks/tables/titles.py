"""What tables and the report call a method."""

from __future__ import annotations

from benchmarks.settings.method import find_image_classifier, find_method, image_classifiers
from benchmarks.settings.reading import ConfigError


def title_of(method: str) -> str:
    """A method by its title, a variant with its name; the name alone where its file is wrong."""
    try:
        if method in image_classifiers():
            return find_image_classifier(method).title
        base = find_method(method)
    except ConfigError:
        return method
    return base.title if method == base.method else f"{base.title} ({method})"
