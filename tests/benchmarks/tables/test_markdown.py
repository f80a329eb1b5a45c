"""Prose in lines that fit a terminal means what it meant in one."""

import pytest
from markdown_it import MarkdownIt

from benchmarks.tables.markdown import WIDTH, wrapped

WORDS = "as many words as it takes to come to the end of a line, again and again, and " * 4


def rendered(text: str) -> str:
    return " ".join(MarkdownIt().render(text).split())


def test_lines_are_short_and_a_long_word_is_kept_whole() -> None:
    address = "https://example.org/" + "a-path/" * 30
    lines = wrapped(f"{WORDS}[a page]({address}) {WORDS}").splitlines()
    long = [line for line in lines if len(line) > WIDTH]
    assert len(lines) > 5
    assert all(address in line and " page](" in f" {line}" for line in long)


@pytest.mark.parametrize("sign", ["-", "+", "*", "1.", "1)", "#", "##", ">", "|", "="])
def test_no_line_starts_a_list_or_a_heading(sign: str) -> None:
    """Wherever the sign falls in its line."""
    for before in range(80, 110):
        text = "a" * (before - 4) + f" b {sign} c {WORDS}"
        assert rendered(wrapped(text)) == rendered(text)


def test_an_item_of_a_list_stays_one() -> None:
    item = f"- {WORDS}`code of two words` **{WORDS.strip()}**"
    html = rendered(wrapped(item, "  "))
    assert html == rendered(item)
    assert html.count("<li>") == 1
    assert all(line.startswith("  ") for line in wrapped(item, "  ").splitlines()[1:])
