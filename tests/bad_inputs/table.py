"""Writes ``docs/bad-inputs.md``: every bad input with the message that it gives.

python -m tests.bad_inputs.table
"""

import tempfile
from pathlib import Path

from benchmarks.settings.folders import ROOT
from tests.bad_inputs import experiments, pictures, shapes_and_audio
from tests.bad_inputs.case import Case, message

DOCUMENT = ROOT / "docs" / "bad-inputs.md"
HEAD = """# What is said about bad inputs

Every reader, setting and command refuses what it cannot use: one line that names the file or key,
what is wrong with it, and what was expected, before anything is trained. This page is written by
`python -m tests.bad_inputs.table`, which gives these inputs; a test gives them again and compares.
Long lists of names end in "...".
"""
SECTIONS: dict[str, list[Case]] = {
    "Pictures": pictures.CASES,
    "Shapes, prepared data sets and recordings": shapes_and_audio.CASES,
    "Settings, commands, checkpoints, latents and results": experiments.CASES,
}


def messages() -> dict[str, dict[str, str]]:
    """What is said about each input, by section."""
    found: dict[str, dict[str, str]] = {}
    for section, cases in SECTIONS.items():
        found[section] = {}
        for case in cases:
            with tempfile.TemporaryDirectory() as folder:
                found[section][case.input] = message(case, Path(folder).resolve())
    return found


def document(found: dict[str, dict[str, str]]) -> str:
    """The table as markdown."""
    lines = [HEAD]
    for section, rows in found.items():
        lines += [f"## {section}", "", "| input | message |", "|---|---|"]
        for given, said in rows.items():
            cell = said.replace("|", "\\|").replace("\n", "<br>")
            lines.append(f"| {given} | `` {cell} `` |")
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    DOCUMENT.write_text(document(messages()), encoding="utf-8")
    print(DOCUMENT)
