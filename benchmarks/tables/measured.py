"""CSV files of measurements, read and checked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from pandas.api.types import is_numeric_dtype

from benchmarks.settings.reading import ConfigError


def read_measured(
    path: Path, *, numbers: Sequence[str], words: Sequence[str] = (), program: str
) -> pd.DataFrame:
    """The rows of a file, one at least.

    Args:
        numbers: columns of numbers, where an empty cell is NaN.
        words: other columns.
        program: what writes the file, for messages.

    Raises:
        ConfigError: the file is missing, is no CSV, or lacks a column or rows, or has other things
            than numbers in a column of numbers.
    """
    try:
        found = pd.read_csv(path)
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: no such file; run {program} first") from error
    except ValueError as error:  # pandas' own errors and Unicode's are ValueErrors
        said = " ".join(str(error).split())
        raise ConfigError(f"{path}: not a CSV file ({said}); run {program} again") from error
    missing = [name for name in (*words, *numbers) if name not in found]
    if missing:
        raise ConfigError(f"{path}: no column {', '.join(missing)}; run {program} again")
    if found.empty:
        raise ConfigError(f"{path}: no rows, expected one or more; run {program} again")
    for name in numbers:
        if not is_numeric_dtype(found[name]):
            other = pd.to_numeric(found[name], errors="coerce").isna() & found[name].notna()
            raise ConfigError(
                f"{path}: {name}: {str(found[name][other].iloc[0])[:80]!r}, expected a number; "
                f"run {program} again"
            )
    return found
