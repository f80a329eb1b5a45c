"""``config/published.yaml``: the numbers that papers print, and which of ours stand beside them."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Literal

import yaml
from pydantic import Field, ValidationError, model_validator

from benchmarks.settings.folders import CONFIG, shown
from benchmarks.settings.reading import ConfigError, Data, explain

PATH = CONFIG / "published.yaml"
UNITS = {"1": 1.0, "%": 0.01, "K": 1e3, "M": 1e6, "G": 1e9}
"""What one of a unit is worth; ``dB`` and other units of their own convert to nothing else."""

Group = Literal["reconstruction", "generation", "classification", "cost"]


class Column(Data):
    """One measured quantity, and the part of our results that fills it."""

    heading: str
    unit: str
    better: Literal["higher", "lower", "none"]
    digits: str = Field(pattern=r"^\.\d[fg]$", description="how ours is printed")
    stage: Group
    metrics: list[str] = Field(min_length=1, description="summed")
    split: Literal["train", "validation", "test", "generated", "none"] | None = None
    printed_as: str | None = Field(default=None, description="column whose number is compared")

    def convert(self, value: float, unit: str) -> float:
        """A value in this column's unit.

        Raises:
            ConfigError: the units do not convert.
        """
        if unit == self.unit:
            return value
        if unit not in UNITS or self.unit not in UNITS:
            raise ConfigError(
                f"unit: {unit!r}, expected {self.unit!r} as in the column {self.heading!r} of "
                f"{shown(PATH)}, or a unit that converts to it"
            )
        return value * UNITS[unit] / UNITS[self.unit]


class Row(Data):
    """One system of a table; without a ``method`` it is only quoted."""

    title: str
    method: str | None = None
    same_as: str | None = None
    dataset: str | None = None
    metric_names: dict[str, str] = Field(default={})
    values: dict[str, Decimal]


class Table(Data):
    """One table; ``dataset`` is the one that it was measured on, None where rows have their own."""

    title: str
    paper: str
    place: str
    dataset: str | None = None
    dataset_title: str = ""
    ablation: bool = Field(default=False, description="of one method: no other has a row")
    columns: dict[str, Column]
    rows: list[Row]
    notes: list[str] = Field(default=[])

    @model_validator(mode="after")
    def _names_fit(self) -> Table:
        for row in self.rows:
            unknown = (row.values.keys() | row.metric_names.keys()) - self.columns.keys()
            if unknown:
                raise ValueError(f"row {row.title!r}: no column {', '.join(sorted(unknown))}")
            if not (row.dataset or self.dataset):
                raise ValueError(f"row {row.title!r}: no data set, and the table has none")
        for name, column in self.columns.items():
            if column.printed_as and column.printed_as not in self.columns:
                raise ValueError(f"column {name!r}: printed_as {column.printed_as!r} is no column")
        titles = [row.title for row in self.rows]
        if len(set(titles)) < len(titles):
            raise ValueError("two rows have the same title")
        return self

    def printed(self, row: Row, name: str) -> Decimal | None:
        """The number that the paper prints for a row's column; None where it prints none."""
        return row.values.get(self.columns[name].printed_as or name)


class Published(Data):
    """All tables; ``columns`` holds definitions that several of them share."""

    columns: dict[str, Column] = Field(default={})
    tables: dict[str, Table]


class _Verbatim(yaml.SafeLoader):
    """Reads numbers as text, so that 0.900 keeps the digits that the paper printed."""


_Verbatim.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag.endswith(("merge", "null"))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load_published(path: Path = PATH) -> Published:
    """Reads and checks the published numbers.

    Raises:
        ConfigError: the file is missing, is no YAML, or has an unknown key or a wrong value.
    """
    try:
        return Published.model_validate(yaml.load(path.read_text(encoding="utf-8"), _Verbatim))
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: no such file") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not text in UTF-8 ({error}); write it again") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not YAML ({' '.join(str(error).split())})") from error
    except ValidationError as error:
        raise ConfigError(f"{path}: {explain(error)}") from error
