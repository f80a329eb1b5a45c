"""A page about every configured data set: what it holds, or what is missing and how to get it."""

from __future__ import annotations

import argparse
from pathlib import Path

from tabulate import tabulate

from benchmarks.datasets.dataset import Dataset, open_prepared
from benchmarks.datasets.errors import DatasetError
from benchmarks.datasets.loaders import load_raw
from benchmarks.datasets.location import data_root
from benchmarks.datasets.statistics import statistics
from benchmarks.figures.contact_sheet import contact_sheet
from benchmarks.settings.dataset import DatasetConfig, known_datasets, load_dataset_config
from benchmarks.stages.failure import one_line
from lift.files import replacing

HEAD = """# Data sets

`python -m benchmarks.stages.prepare --dataset NAME` prepares one. Sources that are not part of the
code are looked for below `LIFT_DATA`.
"""


def describe(name: str, data: Path, out: Path) -> tuple[str, str]:
    """State and section of one data set; draws its contact sheet where its terms allow."""
    config = load_dataset_config(name)
    if not (data / name / "manifest.json").exists():
        state, text = missing(config)
        return state, f"## {config.title} (`{name}`)\n\n{text}\n"
    try:
        dataset = open_prepared(data / name)
    except DatasetError as error:
        return "damaged", f"## {config.title} (`{name}`)\n\n{error}\n"
    return "prepared", f"## {config.title} (`{name}`)\n\n{available(dataset, config, out)}\n"


def available(dataset: Dataset, config: DatasetConfig, out: Path) -> str:
    """Statistics of a prepared data set, and its contact sheet."""
    lines = statistics(dataset)
    if not config.published:
        lines.append(("takes method settings of", config.stands_for or "-"))
    table = tabulate(lines, headers=("what", "value"), tablefmt="github", disable_numparse=True)
    if not dataset.shareable:
        return f"{table}\n\nIts terms forbid pictures of its signals."
    picture = out / f"{dataset.name}.png"
    contact_sheet(dataset, picture)
    return (
        f"{table}\n\nThree rows of train above one of test:\n\n![{dataset.title}]({picture.name})"
    )


def missing(config: DatasetConfig) -> tuple[str, str]:
    """Whether a data set could be prepared, and what is missing where it could not."""
    try:
        raw = load_raw(config)
    except (DatasetError, ValueError, OSError) as error:
        return "missing", str(error).replace(str(data_root()), "$LIFT_DATA")
    counts = f"{raw.train.count:,} train and {raw.test.count:,} test signals"
    return "not prepared", (
        f"Its sources are there ({counts}):\n\n"
        f"    python -m benchmarks.stages.prepare --dataset {config.name}"
    )


def write_page(data: Path, out: Path) -> Path:
    """Writes ``report.md`` and contact sheets below ``out``; returns the page's path.

    Raises:
        ConfigError: the settings of a data set are wrong.
        DatasetError: a prepared data set cannot be read.
    """
    out.mkdir(parents=True, exist_ok=True)
    sections, overview = [], []
    for name in known_datasets():
        state, section = describe(name, data, out)
        overview.append((name, state))
        sections.append(section)
    table = tabulate(overview, headers=("data set", "state"), tablefmt="github")
    page = out / "report.md"
    with replacing(page) as unfinished:
        unfinished.write_text("\n".join([HEAD, table, "", *sections]), encoding="utf-8")
    return page


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("data"), help="prepared data sets")
    parser.add_argument("--out", type=Path, default=Path("results/data_report"))
    options = parser.parse_args()
    with one_line("data_report"):
        print(write_page(options.data, options.out))


if __name__ == "__main__":
    main()
