"""The one error of data sets, and how it quotes the errors of libraries."""

from __future__ import annotations

import re

LONGEST = 160
"""Characters of a library's own words in a message."""


class DatasetError(RuntimeError):
    """A data set that is missing or damaged; the message names the file and what was expected.

    It is one line, whatever the file is called.
    """

    def __init__(self, message: str) -> None:
        shown = (c if c.isprintable() else c.encode("unicode_escape").decode() for c in message)
        super().__init__("".join(shown))


def cause(error: BaseException) -> str:
    """An exception's own words on one line, without the addresses of objects."""
    words = re.sub(r"<[^<>]* at 0x[0-9a-f]+>", "it", str(error))
    words = " ".join(words.split())
    if not words:
        return type(error).__name__
    return words if len(words) <= LONGEST else f"{words[:LONGEST]}..."
