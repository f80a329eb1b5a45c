"""Every command, file and heading that the documents name is there."""

import importlib.util
import re
from pathlib import Path

import pytest
import typer

from benchmarks import cli

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
CONFIGURATION = sorted((ROOT / "config").rglob("*.yaml"))
COMMANDS = typer.main.get_command(cli.app).commands
SNAKEFILE = (ROOT / "Snakefile").read_text(encoding="utf-8")
RULES = set(re.findall(r"^rule (\w+):", SNAKEFILE, re.MULTILINE))
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PATHS = ("lift", "baselines", "benchmarks", "config", "tests", "docs", "profiles")
"""Folders whose files documents name."""


def text_of(path):
    return path.read_text(encoding="utf-8")


def code_of(text):
    """Lines of code blocks but for their comments, and code between backticks."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    lines = [line.split(" #")[0] for block in blocks for line in block.splitlines()]
    return lines + [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", prose)]


def outputs():
    """What the rules write, as patterns."""
    cell = re.search(r'^CELL = "(.*)"', SNAKEFILE, re.MULTILINE).group(1)
    for block in re.findall(r"^    output:\n((?:        .*\n)+)", SNAKEFILE, re.MULTILINE):
        for start, path in re.findall(r'(CELL \+ )?"([^"]+)"', block):
            yield re.sub(r"\\{\w+\\}", "[^/]+", re.escape((cell if start else "") + path))


OUTPUTS = list(outputs())


def headings(path):
    """The links that a page's headings make."""
    found = re.findall(r"^#+ (.*)$", text_of(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in found}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_commands_exist(path):
    for line in code_of(text_of(path)):
        for module in re.findall(r"python -m ([\w.]+)", line):
            assert importlib.util.find_spec(module), line
        for target in re.findall(r"^make ([\w-]+)", line):
            assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE), line
        words = re.sub(r"^lift --include \S+", "lift", line).split()
        if words[:1] == ["lift"] and words[1:2] and re.fullmatch(r"[a-z]+", words[1]):
            command = COMMANDS.get(words[1])
            assert command, line
            options = {name for parameter in command.params for name in parameter.opts}
            assert {word for word in words if word.startswith("--")} <= options, line
        if words[:1] == ["snakemake"]:
            targets = [word for word in words if word in RULES or word.startswith("results/")]
            assert targets or "-" in line, line
            for target in targets:
                made = target in RULES or any(re.fullmatch(each, target) for each in OUTPUTS)
                assert made, line
            for word in words:
                assert not word.startswith("profiles/") or (ROOT / word).is_dir(), line


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)]+)\)", text_of(path)):
        if target.startswith("https://"):
            continue
        name, _, heading = target.partition("#")
        page = path.parent / name if name else path
        assert page.exists(), target
        assert not heading or heading in headings(page), target


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_files_that_are_named_are_there(path):
    for code in code_of(text_of(path)):
        if re.fullmatch(r"[\w./-]+", code) and code.split("/")[0] in PATHS and "NAME" not in code:
            assert (ROOT / code).exists(), code


@pytest.mark.parametrize("path", CONFIGURATION, ids=lambda path: path.name)
def test_reasons_of_values_are_where_their_comments_say(path):
    for name, heading in re.findall(r"(docs/[\w-]+\.md)(?:#([\w-]+))?", text_of(path)):
        assert (ROOT / name).exists(), name
        assert not heading or heading in headings(ROOT / name), heading
