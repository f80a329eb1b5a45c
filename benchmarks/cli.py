"""The command ``lift``: what there is, what a cell's settings are, and what runs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from benchmarks.settings import folders
from benchmarks.settings.names import configured_cells, parse_cell
from benchmarks.settings.reading import ConfigError

# Whatever needs torch is imported by the command that needs it: `lift --help` must be quick.

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help=(
        "LIFT and its baselines. `snakemake --cores 8 results/tables.md` makes every table of the "
        "demo; these commands look at it, and run single cells."
    ),
)


What = Literal["all", "methods", "datasets", "scales", "cells"]
Stage = Literal[
    "fit",
    "learning_curve",
    "encode",
    "reconstruction",
    "interpolation",
    "generation",
    "encode_copies",
    "classification",
]

Kind = Literal["image", "voxel", "sequence"]
Device = Literal["auto", "cpu", "cuda"]


def _cells(incomplete: str) -> list[str]:
    return [name for name in configured_cells() if name.startswith(incomplete)]


def _scales(incomplete: str) -> list[str]:
    return [name for name in folders.files("scales") if name.startswith(incomplete)]


Cell = Annotated[
    str,
    typer.Argument(
        autocompletion=_cells, metavar="CELL", help="SCALE/DATASET/METHOD, or with /seedN"
    ),
]
Scale = Annotated[
    str, typer.Option(autocompletion=_scales, help="demo, lite, budget, paper, or one's own")
]


def _results() -> Path:
    """Where Snakemake, which `lift run` starts in the repository, leaves them."""
    return folders.ROOT / "results"


HERE = "in the repository, wherever it is typed"
Results = Annotated[
    Path,
    typer.Option(
        default_factory=_results, show_default=f"results {HERE}", help="where results are"
    ),
]
Prepared = Annotated[
    Path,
    typer.Option(
        "--data",
        default_factory=lambda: folders.ROOT / "data",
        show_default=f"data {HERE}",
        help="where prepared data sets are",
    ),
]


@app.callback()
def start(
    include: Annotated[
        Path | None,
        typer.Option(
            envvar=folders.VARIABLE,
            help="a folder of one's own: methods/*.yaml, datasets/*.yaml, scales/*.yaml, modules",
        ),
    ] = None,
) -> None:
    """Reads the folder of one's own."""
    if include is not None:
        folders.include(include)


@app.command("list")
def list_(
    results: Results,
    data: Prepared,
    what: Annotated[What, typer.Argument(help="which of them")] = "all",
    scale: Scale = "demo",
) -> None:
    """Methods, data sets (and how to get them), scales, and cells with their state."""
    from benchmarks.workflow import listing

    parts = {
        "methods": listing.methods,
        "datasets": lambda: listing.datasets(data),
        "scales": listing.scales,
        "cells": lambda: listing.cells(scale, results),
    }
    for name, lines in parts.items():
        if what in ("all", name):
            heading, *rows = lines()
            _print_table(rows, heading)
            typer.echo()


@app.command()
def show(cell: Cell, results: Results) -> None:
    """Every setting of a cell, and the file and key that it comes from."""
    from benchmarks.workflow.explained import about, explained

    name = parse_cell(cell)
    rows = [*about(name), *explained(name, results)]
    _print_table([(key, str(value), place) for key, value, place in rows], ("", "value", "from"))


@app.command()
def run(
    cell: Cell,
    stage: Annotated[
        Stage | None, typer.Argument(help="up to which stage; without it, all of the cell's")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="fit.steps=500; as METHOD+NAME"),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="of the result with --set; without it, from the settings")
    ] = None,
    cores: Annotated[int | None, typer.Option(min=1, help="for Snakemake; else all")] = None,
) -> None:
    """Runs a cell by Snakemake; with --set, as a result under another name."""
    from benchmarks.settings.trial import changes_of, trial_of, write_trial
    from benchmarks.workflow import engine
    from benchmarks.workflow.explained import check_trial

    wanted = parse_cell(cell)
    if set_:
        changes = changes_of(set_)
        trial = wanted._replace(method=trial_of(wanted.method, changes, name))
        engine.targets(wanted, stage)
        check_trial(trial, changes)  # a mistake leaves no folder and takes no name
        write_trial(wanted.scale, wanted.dataset, trial.method, changes, _results())
        wanted = trial
    elif name:
        raise typer.BadParameter("--name is for a result with --set")
    targets = engine.targets(wanted, stage)
    code = engine.run(targets, wanted.scale, cores)
    if not code:
        typer.echo("\n".join(targets))
    raise typer.Exit(code)


@app.command()
def plan(
    cell: Annotated[
        str | None,
        typer.Argument(autocompletion=_cells, metavar="[CELL]", help="without it, the tables"),
    ] = None,
    scale: Scale = "demo",
) -> None:
    """What would run for a cell or for a scale's tables, and why."""
    from benchmarks.settings.scale import load_scale
    from benchmarks.workflow import engine

    name = parse_cell(cell) if cell else None
    load_scale(name.scale if name else scale)  # its mistakes are Snakemake's otherwise
    targets = engine.targets(name, None) if name else ["results/tables.md"]
    jobs = engine.plan(targets, name.scale if name else scale)
    if jobs:
        _print_table([(job.rule, job.output, job.why) for job in jobs], ("rule", "result", "why"))
    typer.echo(f"{len(jobs)} jobs")


@app.command()
def verify(
    cell: Cell,
    results: Results,
    data: Prepared,
    tolerance: Annotated[float, typer.Option(min=0, help="as a share of the stored value")] = 1e-3,
    device: Annotated[Device, typer.Option(help="what it is measured on")] = "auto",
) -> None:
    """Measures a cell's stored weights again and compares; exit code 1 where a metric differs."""
    from benchmarks.settings.cell import resolve
    from benchmarks.settings.method import image_classifiers
    from benchmarks.settings.scale import seed_of
    from benchmarks.settings.trial import split_name
    from benchmarks.stages.experiment import Experiment
    from benchmarks.stages.stage import choose_device
    from benchmarks.stages.verify import verify as measure_again

    name = parse_cell(cell)
    if split_name(name.method)[0] in image_classifiers():
        raise ConfigError(f"{name}: classifies pixels, and has no field to verify")
    resolved = resolve(name.scale, name.dataset, name.method, seed_of(name), results)
    found = measure_again(Experiment(resolved, results, data, choose_device(device)))
    rows = []
    for entry in found:
        metric, said = entry.metric, "ok" if entry.agrees(tolerance) else "DIFFERS"
        rows.append((metric.name, metric.split, str(metric.value), str(entry.again), said))
    _print_table(rows, ("metric", "split", "stored", "again", ""))
    raise typer.Exit(any(row[-1] != "ok" for row in rows))


@app.command()
def gate(
    expected: Annotated[Path, typer.Option(help="YAML file of expected metrics")],
    results: Results,
    record: Annotated[bool, typer.Option("--record", help="write the file instead")] = False,
    relative: Annotated[float, typer.Option(min=0, help="tolerance in a new file")] = 0.02,
    scale: Scale = "demo",
) -> None:
    """Compares metrics with expected ones; exit code 1: a regression, 2: a name is not there."""
    from benchmarks.tables import gate as gates

    try:
        if record:
            count = gates.record(expected, results, scale, relative)
            typer.echo(f"{expected}: {count} metrics")
            return
        count, regressions = gates.failures(expected, results, scale)
    except gates.UnknownNameError as error:
        typer.echo(f"gate: {error}", err=True)
        raise typer.Exit(2) from error
    for message in regressions:
        typer.echo(f"REGRESSION {message}")
    typer.echo(f"{count - len(regressions)} of {count} metrics as expected")
    raise typer.Exit(bool(regressions))


@app.command()
def check(
    field: Annotated[str, typer.Argument(metavar="MODULE:CLASS", help="a lift.NeuralField")],
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="a constructor argument: width=16"),
    ] = None,
    domain: Annotated[Kind, typer.Option(help="of the signals that it is tried on")] = "image",
) -> None:
    """Tries a field of one's own against what every field must do, a line each."""
    from benchmarks.checks.named import DOMAINS, subject_of
    from benchmarks.checks.suite import run as check_field
    from benchmarks.settings.trial import changes_of

    sys.path.append(str(Path.cwd()))  # where a field of one's own is
    settings = changes_of([f"field.{entry}" for entry in set_ or []]).get("field", {})
    raise typer.Exit(check_field(subject_of(field, settings, DOMAINS[domain])))


def _print_table(rows: Sequence[tuple[str, ...]], heading: Sequence[str]) -> None:
    from tabulate import tabulate

    typer.echo(tabulate(rows, heading, tablefmt="plain", disable_numparse=True))


def main() -> None:
    """The command line; a mistake is one line, and exit code 2 where a name is wrong."""
    try:
        app()
    except ConfigError as error:
        print(f"lift: {error}", file=sys.stderr)
        sys.exit(2)
    except Exception:
        from benchmarks.stages.failure import one_line

        with one_line("lift"):
            raise


if __name__ == "__main__":
    main()
