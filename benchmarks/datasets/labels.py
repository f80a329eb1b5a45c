"""Labelled signals: what a classifier is trained on, chosen by, and tested on once."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from benchmarks.datasets.dataset import Dataset, Split
from benchmarks.datasets.errors import DatasetError
from benchmarks.datasets.splits import fitting_splits, spaced
from benchmarks.records.result import SplitName
from benchmarks.settings.classification import LabelledSignals


def labelled_splits(dataset: Dataset, counts: LabelledSignals) -> dict[SplitName, Split]:
    """Training and validation parts of the training split, and test signals.

    Raises:
        DatasetError: the data set has no labels, a label is out of range, or a split lacks a class.
        ValueError: there are too few signals.
    """
    if not dataset.classes:
        raise DatasetError(f"{dataset.name}: its signals have no labels; expected classes")
    train, validation = fitting_splits(dataset, counts.train, counts.validation)
    available = len(dataset.test)
    chosen = spaced(available, min(counts.test or available, available))
    splits: dict[SplitName, Split] = {
        "train": train,
        "validation": validation,
        "test": dataset.test.subset(chosen),
    }
    for name, split in splits.items():
        _check(f"{dataset.name}, {name}", _labels(split), dataset.classes)
    return splits


def class_labels(split: Split) -> Tensor:
    """Class of each signal of a labelled split, ``(n,)`` int64."""
    return torch.from_numpy(_labels(split).astype(np.int64))


def _labels(split: Split) -> np.ndarray:
    return np.zeros(0, np.uint8) if split.labels is None else split.labels


def _check(where: str, labels: np.ndarray, classes: tuple[str, ...]) -> None:
    wrong = np.flatnonzero(labels >= len(classes))
    if len(wrong):
        raise DatasetError(
            f"{where}: label {labels[wrong[0]]} of signal {wrong[0]}, expected 0 to "
            f"{len(classes) - 1}; prepare the data set again"
        )
    absent = sorted(set(range(len(classes))) - set(labels.tolist()))
    if absent:
        raise DatasetError(
            f"{where}: no signal of {', '.join(classes[index] for index in absent)} among "
            f"{len(labels)}; take more signals"
        )
