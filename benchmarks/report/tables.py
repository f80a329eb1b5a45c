"""The tables of one profile, as Markdown and as CSV.

    python -m benchmarks.report.tables --profile demo

Reads the JSONs below ``results``, ``config/published.yaml``, the profile and the notes of
``config/methods``; writes ``results/PROFILE/tables.md`` and ``results/PROFILE/tables/*.csv``, and
copies of both as ``results/tables.md`` and ``results/tables/*.csv``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from benchmarks.config import MethodConfig, ScaleConfig, load_methods, load_scale
from benchmarks.datasets.config import DatasetConfig, load_dataset_config
from benchmarks.report.cells import Cell, table_cells, with_other_spaces
from benchmarks.report.markdown import LEGEND, section
from benchmarks.report.published import Published, load_published
from benchmarks.report.single_signal import section as section_alone
from benchmarks.report.sources import Sources
from benchmarks.single_signal.config import load_single_signal
from lift.files import replacing

COLUMNS = (
    "table", "row", "column", "ours", "ours_std", "seeds", "published", "difference", "dataset",
    "split", "samples", "budget_fraction", "unit", "why_empty", "status", "note", "signals",
)  # fmt: skip


def build(
    root: Path,
    scale: ScaleConfig,
    published: Published,
    datasets: dict[str, DatasetConfig],
    methods: dict[str, MethodConfig],
) -> tuple[str, dict[str, list[Cell]]]:
    """The Markdown of all tables, and each table's cells by its name."""
    sources = Sources(root, scale, datasets)
    parts = [f"# Tables, profile `{scale.profile}`", LEGEND]
    cells = {}
    for name, printed in published.tables.items():
        table = with_other_spaces(name, printed, sources)
        cells[name] = table_cells(name, table, sources)
        notes = [note for config in methods.values() for note in config.notes]
        parts.append(section(name, table, cells[name], sources, notes if name == "cost" else ()))
    return "\n\n".join(parts) + "\n", cells


def write(root: Path, profile: str, markdown: str, tables: dict[str, pd.DataFrame]) -> None:
    """Writes both forms below the profile's folder, and copies of them at the top."""
    for folder in (root / profile, root):
        for name, table in tables.items():
            with replacing(folder / "tables" / f"{name}.csv") as unfinished:
                table.to_csv(unfinished, index=False)
        with replacing(folder / "tables.md") as unfinished:
            unfinished.write_text(markdown)


def frame(cells: Sequence[Cell]) -> pd.DataFrame:
    """Cells as a long table, one a line; counts stay whole where some are missing."""
    table = pd.DataFrame([asdict(cell) for cell in cells], columns=list(COLUMNS))
    return table.astype({"samples": "Int64", "signals": "Int64"})


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--profile", default="demo", help="config/scale/PROFILE.yaml")
    parser.add_argument("--root", type=Path, default=Path("results"))
    options = parser.parse_args()
    try:
        scale = load_scale(options.profile)
        datasets = {name: load_dataset_config(name) for name in set(scale.tables.values())}
        markdown, cells = build(options.root, scale, load_published(), datasets, load_methods())
        alone, rows = section_alone(load_single_signal(), options.root, scale.profile)
        frames = {name: frame(found) for name, found in cells.items()} | {"single_signal": rows}
        write(options.root, scale.profile, f"{markdown}\n{alone}\n", frames)
    except (ValueError, OSError) as error:
        sys.exit(f"tables: {error}")


if __name__ == "__main__":
    main()
