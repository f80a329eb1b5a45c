"""The tables of one scale (reconstruction, generation, classes, cost), as Markdown and as CSV.

    python -m benchmarks.tables.tables --scale demo

Reads the JSONs below ``results``, ``config/published.yaml``, the scale and the notes of
``config/methods``; writes ``results/SCALE/tables.md`` and ``results/SCALE/tables/*.csv``, and
copies of both as ``results/tables.md`` and ``results/tables/*.csv``.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from benchmarks.settings.dataset import DatasetConfig, load_dataset_config
from benchmarks.settings.method import MethodConfig, load_methods
from benchmarks.settings.scale import ScaleConfig, load_scale
from benchmarks.stages.ablate import load_ablations
from benchmarks.stages.failure import one_line
from benchmarks.stages.search import load_search
from benchmarks.stages.single_signal.settings import load_single_signal
from benchmarks.tables.ablations import sections as ablations_of
from benchmarks.tables.cells import TableCell, table_cells, with_other_spaces
from benchmarks.tables.equal_budgets import sections as equal_budgets_of
from benchmarks.tables.layout import Section, section
from benchmarks.tables.markdown import page
from benchmarks.tables.published import Published, load_published
from benchmarks.tables.rows import with_trained
from benchmarks.tables.searches import sections as searches_of
from benchmarks.tables.single_signal import section as section_alone
from benchmarks.tables.sources import Sources
from benchmarks.tables.time_to_quality import frame as time_frame
from benchmarks.tables.time_to_quality import reached
from benchmarks.tables.time_to_quality import section as time_section
from lift.files import replacing

CELL_COLUMNS = (
    "table", "row", "column", "ours", "ours_std", "seeds", "published", "difference", "dataset",
    "split", "samples", "budget_fraction", "unit", "why_empty", "status", "note", "signals",
)  # fmt: skip


def build(
    root: Path,
    scale_config: ScaleConfig,
    published: Published,
    datasets: dict[str, DatasetConfig],
    methods: dict[str, MethodConfig],
) -> tuple[list[Section], dict[str, list[TableCell]]]:
    """Every table as it is shown, and its cells by its name."""
    sources = Sources(root, scale_config, datasets)
    sections, cells = [], {}
    shown = with_trained(published, scale_config, datasets, methods)
    for name, printed in shown.tables.items():
        table = with_other_spaces(name, printed, sources)
        cells[name] = table_cells(name, table, sources)
        notes = [note for config in methods.values() for note in config.notes]
        sections.append(section(name, table, cells[name], sources, notes if name == "cost" else ()))
    return sections, cells


def everything(
    root: Path, scale_config: ScaleConfig
) -> tuple[list[Section], dict[str, pd.DataFrame]]:
    """All tables of a scale, ablations and single signals too: as shown, and as long frames.

    Raises:
        ConfigError: a file of the configuration, or an ablation's numbers, are missing or wrong.
    """
    datasets = {name: load_dataset_config(name) for name in set(scale_config.tables.values())}
    sections, cells = build(root, scale_config, load_published(), datasets, load_methods())
    alone, rows = section_alone(load_single_signal(), root, scale_config.scale)
    times = reached(root, scale_config)
    frames = {name: frame(found) for name, found in cells.items()}
    ablations = list(ablations_of(load_ablations(), root, scale_config.scale))
    frames |= {shown.name: measured for shown, measured in ablations}
    timed = time_section(root, scale_config, times)
    searched = list(searches_of(load_search(), root, scale_config.scale))
    frames |= {shown.name: trials for shown, trials in searched}
    apart = [shown for shown, _ in (*searched, *ablations)]
    shown = with_numbers([*sections, timed, *apart, alone], scale_config.scale)
    return shown, {**frames, "time_to_quality": time_frame(times), "single_signal": rows}


def with_numbers(sections: Sequence[Section], scale: str) -> list[Section]:
    """The sections that show something, and a last one that names the others."""
    shown = [section for section in sections if section.grids]
    lacking = [section.title for section in sections if not section.grids]
    if not lacking:
        return shown
    about = (
        f"Nothing was measured for them in scale `{scale}`: {'; '.join(lacking)}. What the papers "
        "print, and why ours is missing, is in `tables/*.csv`."
    )
    return [*shown, Section("without", "Tables without numbers", about, [])]


def write(root: Path, scale: str, markdown: str, tables: dict[str, pd.DataFrame]) -> None:
    """Writes both forms below the scale's folder, and copies of them at the top."""
    for folder in (root / scale, root):
        for name, table in tables.items():
            with replacing(folder / "tables" / f"{name}.csv") as unfinished:
                table.to_csv(unfinished, index=False)
        with replacing(folder / "tables.md") as unfinished:
            unfinished.write_text(markdown, encoding="utf-8")


def frame(cells: Sequence[TableCell]) -> pd.DataFrame:
    """Cells as a long table, one a line; counts stay whole where some are missing."""
    table = pd.DataFrame([asdict(cell) for cell in cells], columns=list(CELL_COLUMNS))
    return table.astype({"samples": "Int64", "signals": "Int64"})


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--scale", default="demo", help="config/scales/SCALE.yaml")
    parser.add_argument("--root", type=Path, default=Path("results"))
    options = parser.parse_args()
    with one_line("tables"):
        scale_config = load_scale(options.scale)
        sections, frames = everything(options.root, scale_config)
        # The report, which shows everything too, ranks equal budgets in its summary.
        sections = [*equal_budgets_of(options.root, scale_config), *sections]
        write(options.root, scale_config.scale, page(scale_config.scale, sections), frames)


if __name__ == "__main__":
    main()
