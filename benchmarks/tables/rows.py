"""Rows of the methods that a scale trains and that no paper's table has."""

from __future__ import annotations

from benchmarks.settings.dataset import DatasetConfig, load_dataset_config
from benchmarks.settings.method import MethodConfig, settings_key
from benchmarks.settings.reading import ConfigError
from benchmarks.settings.scale import ScaleConfig
from benchmarks.tables.published import Published, Row, Table


def with_trained(
    published: Published,
    scale: ScaleConfig,
    datasets: dict[str, DatasetConfig],
    methods: dict[str, MethodConfig],
) -> Published:
    """The tables, with a row after the printed ones for each other method of their data set.

    A variant gets one only where no table has a row for it. Ablations of one method take none.

    Args:
        datasets: by name, those that ``scale.tables`` names.
        methods: those whose files can be used; a method of another is named as in the scale.

    Raises:
        ConfigError: the scale names a table that is not there.
    """
    for name in scale.tables:
        if name not in published.tables:
            known = ", ".join(published.tables)
            raise ConfigError(
                f"scale {scale.scale!r}: tables: {name!r} is unknown; expected one of {known}"
            )
    printed = {
        name for table in published.tables.values() for row in table.rows for name in _names(row)
    }
    tables = {}
    for name, table in published.tables.items():
        of = [scale.tables[name]] if name in scale.tables else []
        if table.dataset is None:  # sizes and operations, of all data sets
            of = list(dict.fromkeys(scale.tables.values()))
        here = {own for row in table.rows for own in _names(row)}
        rows = [
            _row(method, table, datasets[dataset], methods)
            for dataset in of
            for method in (scale.datasets[dataset].methods if not table.ablation else ())
            if method not in (here if method in methods else printed)
        ]
        tables[name] = table.model_copy(update={"rows": [*table.rows, *_unlike(rows)]})
    return published.model_copy(update={"tables": tables})


def _row(
    method: str, table: Table, dataset: DatasetConfig, methods: dict[str, MethodConfig]
) -> Row:
    base = next((m for m in methods.values() if method in (m.method, *m.variants)), None)
    if base is None:  # its file is wrong; its cells say so
        return Row(title=method, method=method, values={})
    title = base.title if method == base.method else f"{base.title}, {method}"
    sized = table.dataset if table.dataset in base.settings else None
    if sized is None:
        try:
            sized = settings_key(base, base.settings, dataset)
        except ConfigError:
            return Row(title=title, method=method, values={})
    if table.dataset is None:
        own = dataset if sized == dataset.name else load_dataset_config(sized)
        title += f", {own.title}"
    return Row(title=title, method=method, dataset=sized, values={})


def _names(row: Row) -> list[str]:
    return [name for name in (row.method, row.same_as) if name]


def _unlike(rows: list[Row]) -> list[Row]:
    """Each title once."""
    return list({row.title: row for row in rows}.values())
