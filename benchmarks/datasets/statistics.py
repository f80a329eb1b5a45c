"""What a prepared data set holds, in numbers."""

from __future__ import annotations

import hashlib

import numpy as np

from benchmarks.datasets.dataset import Dataset, Split


def statistics(dataset: Dataset) -> list[tuple[str, str]]:
    """Lines of a table: what, and its value."""
    manifest, train, test = dataset.manifest, dataset.train, dataset.test
    side = " x ".join([str(dataset.domain.resolution)] * dataset.domain.dimensions)
    lines = [
        ("signals", f"{len(train):,} train, {len(test):,} test"),
        ("size", f"{side}, {dataset.domain.channels} channel(s), values in [0, 1]"),
        ("split", manifest.split_rule),
        ("mean by channel", ", ".join(f"{value:.5f}" for value in manifest.mean)),
        ("deviation by channel", ", ".join(f"{value:.5f}" for value in manifest.std)),
    ]
    if train.labels is not None and test.labels is not None:
        spans = [
            class_sizes(labels, len(dataset.classes)) for labels in (train.labels, test.labels)
        ]
        text = f"{len(dataset.classes)}, with {spans[0]} train and {spans[1]} test signals each"
        lines.append(("classes", text))
    if dataset.kind == "voxel":
        occupied = np.concatenate([occupancy(train), occupancy(test)])
        low, middle, high = (100 * np.percentile(occupied, q) for q in (1, 50, 99))
        text = f"1 % of shapes below {low:.2g} %, median {middle:.2g} %, 1 % above {high:.2g} %"
        lines.append(("occupied", text))
        lines.append(("empty shapes", str(int((occupied == 0).sum()))))
    seen = hashes(train)
    twice = sum(count for digest, count in hashes(test).items() if digest in seen)
    lines.append(("test signals that are also training signals", str(twice)))
    lines.append(("distinct training signals", f"{len(set(seen)):,}"))
    lines.append(("sources", f"{len(manifest.sources)} with SHA-256 in the manifest"))
    return lines


def class_sizes(labels: np.ndarray, classes: int) -> str:
    """The smallest and the largest class."""
    low, high = (int(f(np.bincount(labels, minlength=classes))) for f in (np.min, np.max))
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def occupancy(split: Split) -> np.ndarray:
    """Share of occupied voxels of each shape, ``(n,)``."""
    bits = [np.bitwise_count(split.signals[row]).sum() for row in split.chosen]
    return np.array(bits) / split.domain.points


def hashes(split: Split) -> dict[bytes, int]:
    """How often each signal occurs, by its hash."""
    counts: dict[bytes, int] = {}
    for row in split.chosen:
        digest = hashlib.sha256(split.signals[row].tobytes()).digest()
        counts[digest] = counts.get(digest, 0) + 1
    return counts
