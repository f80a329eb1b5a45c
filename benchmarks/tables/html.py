"""One page for a browser: a scale's tables, and every figure that its stages drew.

    python -m benchmarks.tables.html --scale demo

Reads ``results/SCALE/tables.md`` and the PNG files below ``results/SCALE``; writes
``results/SCALE/report.html`` and a copy as ``results/report.html``. Figures are linked.
"""

from __future__ import annotations

import argparse
import html
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from markdown_it import MarkdownIt

from benchmarks.settings.method import load_methods
from benchmarks.settings.scale import load_scale
from lift.files import replacing

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 76rem; padding: 0 1rem }
table { border-collapse: collapse; display: block; overflow-x: auto; font-size: 13px }
th, td { border-bottom: 1px solid #ddd; padding: .25rem .6rem; white-space: nowrap }
figure { display: inline-block; margin: .5rem 1rem .5rem 0; vertical-align: top }
figure img { max-width: 36rem; width: 100% }
figcaption { color: #555; font-size: 13px }
"""


def figures(folder: Path, order: Sequence[str]) -> dict[str, list[Path]]:
    """The PNG files below a scale's folder by the cell that drew them, ``DATASET/METHOD/seedN``.

    Args:
        order: methods, in the order in which their cells are shown.
    """
    rank = {name: place for place, name in enumerate(order)}
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.rglob("*.png")):
        found.setdefault(path.parent.relative_to(folder).as_posix(), []).append(path)

    def place(cell: str) -> tuple[str, int, str]:
        dataset, _, rest = cell.partition("/")
        return dataset, rank.get(rest.split("/")[0], -1), cell

    return {cell: found[cell] for cell in sorted(found, key=place)}


def page(scale: str, tables: str, drawn: Mapping[str, Sequence[Path]], beside: Path) -> str:
    """The whole page; links are relative to the folder ``beside``."""
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f"<title>Results, scale {html.escape(scale)}</title>",
        f"<style>{STYLE}</style></head><body>",
        MarkdownIt("commonmark").enable("table").render(tables),
        "<h2>Figures</h2>" if drawn else "",
    ]
    for cell, paths in drawn.items():
        parts.append(f"<h3>{html.escape(cell)}</h3>")
        for path in paths:
            link = html.escape(Path(os.path.relpath(path, beside)).as_posix())
            caption = html.escape(path.stem.replace("_", " "))
            parts.append(
                f'<figure><img src="{link}" alt="{caption}" loading="lazy">'
                f"<figcaption>{caption}</figcaption></figure>"
            )
    return "\n".join([*parts, "</body></html>", ""])


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--scale", default="demo", help="config/scales/SCALE.yaml")
    parser.add_argument("--root", type=Path, default=Path("results"))
    options = parser.parse_args()
    try:
        scale = load_scale(options.scale).scale
        methods = load_methods()
        order = [name for base, m in methods.items() for name in (base, *m.variants)]
        folder = options.root / scale
        tables, drawn = (folder / "tables.md").read_text(encoding="utf-8"), figures(folder, order)
        for place in (folder, options.root):
            with replacing(place / "report.html") as unfinished:
                unfinished.write_text(page(scale, tables, drawn, place), encoding="utf-8")
    except (ValueError, OSError) as error:
        sys.exit(f"html: {error}")


if __name__ == "__main__":
    main()
