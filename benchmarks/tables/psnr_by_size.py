"""PSNR against latent floats: a PSNR at another size of the latent compares nothing by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from statistics import mean, stdev

from benchmarks.figures.psnr_by_size import Sized, size_figure
from benchmarks.records.result import Result, ResultError, read_result, result_path
from benchmarks.settings.dataset import load_dataset_config
from benchmarks.settings.scale import ScaleConfig
from benchmarks.tables.published import Published
from benchmarks.tables.titles import title_of

FIGURE = "psnr_by_latent_floats.png"


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
            yield Sized(title_of(method), floats[0], mean(decibels), spread)


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


def draw_sizes(root: Path, scale_config: ScaleConfig, published: Published) -> None:
    """``DATASET/psnr_by_latent_floats.png`` below a scale's folder.

    Where a field was measured, and another or a printed number is there to compare it with.
    """
    for dataset in scale_config.datasets:
        ours = list(measured(root, scale_config, dataset))
        marks = [*ours, *printed(published, dataset)]
        if ours and len(marks) > 1:
            path = root / scale_config.scale / dataset / FIGURE
            title = f"{load_dataset_config(dataset).title}, {scale_config.scale}"
            size_figure(marks, path, f"{title}: each after its own training")


def _value(result: Result, name: str, split: str) -> float | None:
    """A metric of a result that is there and did not fail."""
    values = (m.value for m in result.metrics if (m.name, m.split) == (name, split))
    return next(values, None) if result.status == "ok" else None
