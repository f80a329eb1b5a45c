"""The report of one scale: one file with everything in it, for a browser.

    python -m benchmarks.report.page --scale demo

Reads the JSONs, curves and PNG files that stages left below ``results``; writes
``results/SCALE/report.html`` and a copy as ``results/report.html``, which differ in their links to
files alone. Pictures, figures and scripts are inside: it can be moved and sent. Beside it, the
folder ``figures`` links to the stages' main figures, for Snakemake's own report.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from benchmarks.report.budgets import equal_budgets
from benchmarks.report.charts import points_seen, psnr_chart
from benchmarks.report.comparisons import comparisons
from benchmarks.report.main_figures import link_figures
from benchmarks.report.parts import Part, parts
from benchmarks.report.plot import Chart
from benchmarks.report.ranking import ranking, sureness
from benchmarks.report.runs import Run, facts, planned
from benchmarks.report.runs_table import runs_table
from benchmarks.report.single_signal import single_signal
from benchmarks.settings.dataset import DatasetConfig, load_dataset_config
from benchmarks.settings.scale import ScaleConfig, load_scale
from benchmarks.stages.failure import one_line
from benchmarks.tables.layout import Grid
from benchmarks.tables.markdown import LEGEND
from benchmarks.tables.psnr_by_size import marks
from benchmarks.tables.published import load_published
from benchmarks.tables.tables import everything
from benchmarks.tables.time_to_quality import reached
from lift.files import replacing

TEMPLATE = Path(__file__).with_name("report.html.j2")
FILES = ("*.json", "*.csv", "logs/*.log")
"""What a cell leaves that a reader may want to open."""


STATES = ("done", "failed", "partly run", "not run")
SAID = ("done", "failed", "not run")
"""States whose number is said though it is zero."""


@dataclass(frozen=True)
class Problem:
    """Why some cells of a data set are not done."""

    state: str
    dataset: str
    cells: list[str]
    why: str


@dataclass(frozen=True)
class Dataset:
    """One data set's summary and its parts."""

    name: str
    about: str
    budgets: Grid | None
    ranking: Grid | None
    sureness: str
    chart: Chart | None
    points: str
    parts: list[Part]
    runs: list[Run]


def dataset_of(config: DatasetConfig, runs: list[Run], compared: Sequence[Part] = ()) -> Dataset:
    """What its cells left; pictures of its signals only where its terms allow them."""
    about = f"{config.kind}s of side {config.resolution}"
    about = about.capitalize() if config.title == config.name else f"{config.title}, {about}"
    if config.stands_for and not config.published:
        about += f", in place of {config.stands_for}"
    if not config.shareable:
        about += "; its terms allow no pictures of its signals"
    shown = parts(runs, config.shareable, compared)
    budgets = equal_budgets(runs)
    said = [budgets.sentence] if budgets else []
    if not said or any(run.metric("reconstruction", "psnr", "test") for run in runs):
        said.append(sureness(runs))
    chart = psnr_chart(runs)
    points, ranked = points_seen(runs), ranking(runs)
    compared_at = budgets.table if budgets else None
    return Dataset(
        config.name, about, compared_at, ranked, " ".join(said), chart, points, shown, runs
    )


def content(root: Path, scale_config: ScaleConfig) -> dict[str, Any]:
    """All that the template shows.

    Raises:
        ConfigError: a file of the configuration, or an ablation's numbers, are missing or wrong.
        CurveError: a curve cannot be read.
        SheetError: a picture cannot be read.
    """
    scale = scale_config.scale
    runs = planned(scale, root)
    sections, _ = everything(root, scale_config)
    outcomes = [(run, *run.outcome) for run in runs]
    counts = Counter(state for _, state, _ in outcomes)
    published, times = load_published(), reached(root, scale_config)
    datasets = []
    for name in scale_config.datasets:
        own = [run for run in runs if run.dataset == name]
        timed = [entry for entry in times if entry.dataset == name]
        sized = marks(root, scale_config, published, name)
        shown = comparisons(sized, timed, own)
        datasets.append(dataset_of(load_dataset_config(name), own, shown))
    alone = [run for run in runs if run.method == "single_signal"]
    return {
        "scale": scale,
        "written": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "facts": facts(runs),
        "counts": [(state, counts[state]) for state in STATES if counts[state] or state in SAID],
        "problems": problems(outcomes),
        "runs": runs,
        "runs_table": runs_table(runs),
        "datasets": datasets,
        "single_signal": single_signal(alone),
        "single_signal_runs": alone,
        "sections": sections,
        "legend": LEGEND,
    }


def problems(outcomes: Iterable[tuple[Run, str, str]]) -> list[Problem]:
    """Cells that are not done, failures first, those of a data set with one reason together."""
    together: dict[tuple[str, str, str], list[str]] = {}
    for run, state, why in outcomes:
        if why:
            dataset = "one signal" if run.method == "single_signal" else run.dataset
            together.setdefault((state, dataset, why), []).append(run.named)
    found = [Problem(*key[:2], names, key[2]) for key, names in together.items()]
    return sorted(found, key=lambda problem: STATES.index(problem.state))


def page(found: dict[str, Any], scale_folder: str) -> str:
    """The whole page.

    Args:
        scale_folder: from the page's folder to the scale's, empty or with a slash at its end.
    """
    environment = Environment(
        loader=FileSystemLoader(TEMPLATE.parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["markdown"] = lambda text: Markup(MarkdownIt().renderInline(text))
    environment.globals["files"] = files
    return environment.get_template(TEMPLATE.name).render(
        found, base=scale_folder, plotly=Markup(get_plotlyjs())
    )


def files(run: Run) -> list[tuple[str, str]]:
    """Name and place, below the scale's folder, of a cell's JSONs, curves and logs."""
    paths: Sequence[Path] = [p for pattern in FILES for p in sorted(run.folder.glob(pattern))]
    folder = run.folder.parents[2]
    return [(path.name, path.relative_to(folder).as_posix()) for path in paths]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--scale", default="demo", help="config/scales/SCALE.yaml")
    parser.add_argument("--root", type=Path, default=Path("results"))
    options = parser.parse_args()
    with one_line("report"):
        scale_config = load_scale(options.scale)
        found = content(options.root, scale_config)
        scale = scale_config.scale
        for place, base in ((options.root / scale, ""), (options.root, f"{scale}/")):
            with replacing(place / "report.html") as unfinished:
                unfinished.write_text(page(found, base), encoding="utf-8")
        link_figures(options.root, found["runs"])


if __name__ == "__main__":
    main()
