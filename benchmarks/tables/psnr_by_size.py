"""PSNR against latent floats: a PSNR at another size of the latent compares nothing by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev

from benchmarks.records.result import Result, ResultError, read_result, result_path
from benchmarks.settings.scale import ScaleConfig
from benchmarks.tables.published import Published
from benchmarks.tables.titles import title_of


@dataclass(frozen=True)
class Sized:
    """One system: floats of its latent, PSNR in dB, and the deviation over seeds (0 for one).

    ``seeds`` says of how many it is the mean, where not of all: ``1 of 2 seeds``.
    """

    title: str
    floats: float
    psnr: float
    spread: float = 0.0
    printed: bool = False
    seeds: str = ""


def measured(root: Path, scale_config: ScaleConfig, dataset: str) -> Iterator[Sized]:
    """Every method and size of a data set that has been measured; a mean over its seeds."""
    for method in scale_config.datasets[dataset].methods:
        found = []
        for seed in scale_config.seeds:
            place = (scale_config.scale, dataset, method, seed)
            try:
                result = read_result(result_path(root, *place, "reconstruction"))
            except ResultError:
                continue
            values = [_value(result, "psnr", "test"), _value(result, "latent_floats", "none")]
            if None not in values:
                found.append(values)
        if found:
            decibels, floats = zip(*found, strict=True)
            spread = stdev(decibels) if len(decibels) > 1 else 0.0
            many = len(scale_config.seeds)
            seeds = f"{len(found)} of {many} seeds" if len(found) < many else ""
            yield Sized(title_of(method), floats[0], mean(decibels), spread, seeds=seeds)


def printed(published: Published, dataset: str) -> Iterator[Sized]:
    """Every system that a table on this very data set prints with both numbers, once."""
    rows = [
        (row.title, float(row.values["latent_floats"]), float(row.values["psnr"]))
        for table in published.tables.values()
        for row in table.rows
        if (row.dataset or table.dataset) == dataset and {"psnr", "latent_floats"} <= {*row.values}
    ]
    for title, floats, decibels in dict.fromkeys(rows):
        yield Sized(title, floats, decibels, printed=True)


def marks(root: Path, scale_config: ScaleConfig, published: Published, dataset: str) -> list[Sized]:
    """What was measured and printed on a data set; nothing where that is one, or all printed."""
    ours = list(measured(root, scale_config, dataset))
    both = [*ours, *printed(published, dataset)]
    return both if ours and len(both) > 1 else []


def _value(result: Result, name: str, split: str) -> float | None:
    """A metric of a result that is there and did not fail."""
    values = (m.value for m in result.metrics if (m.name, m.split) == (name, split))
    return next(values, None) if result.status == "ok" else None
