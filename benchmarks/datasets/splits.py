"""Which signals a field is trained on, and which are held out for its curve."""

from __future__ import annotations

from benchmarks.datasets.dataset import Dataset, Split
from benchmarks.settings.reading import ConfigError


def spaced(count: int, chosen: int) -> list[int]:
    """``chosen`` of ``count`` positions, evenly spaced: balanced where a split is sorted."""
    return [(2 * i + 1) * count // (2 * chosen) for i in range(chosen)]


def fitting_splits(dataset: Dataset, train: int | None, validation: int) -> tuple[Split, Split]:
    """Two disjoint parts of the training split; the test split is never looked at.

    Args:
        train: signals to train on; all but the validation ones by default.
        validation: signals to hold out.

    Raises:
        ConfigError: the data set has too few signals.
    """
    available = dataset.train
    wanted = len(available) if train is None else train + validation
    if not validation < wanted <= len(available):
        raise ConfigError(
            f"{dataset.name}: {len(available)} training signals, expected at least {train or 1} "
            f"to train on and {validation} to validate on"
        )
    signals = available.subset(spaced(len(available), wanted))
    held_out = spaced(wanted, validation)
    kept = sorted(set(range(wanted)) - set(held_out))
    return signals.subset(kept), signals.subset(held_out)
