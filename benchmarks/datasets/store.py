"""Turns raw signals into memory-mapped arrays and a manifest, whole or not at all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout

from benchmarks.datasets.dataset import Manifest
from benchmarks.datasets.errors import DatasetError
from benchmarks.datasets.raw import Chunks, Raw, RawSplit
from benchmarks.datasets.rows import finish, write_rows
from benchmarks.records.provenance import code_digest, sha256
from benchmarks.settings.dataset import DatasetConfig
from lift.files import replacing

BLOCK = 256
MOST_CLASSES = 256
"""Labels are stored as one byte."""


def prepare(config: DatasetConfig, raw: Raw, directory: Path) -> Manifest:
    """Writes ``{train,test}.npy``, labels and extras, and the manifest last.

    What was prepared before stays whole until every new array is complete. Interrupted, the next
    call takes up what is on disk, if it was made by the same code from the same sources.

    Raises:
        DatasetError: a source brings other signals than announced, labels out of range, or another
            process prepares the same directory.
    """
    directory.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(directory / ".lock", timeout=0):
            return _prepare(config, raw, directory)
    except Timeout as error:
        raise DatasetError(f"{directory}: another process prepares it; wait for it") from error


def verify(directory: Path, manifest: Manifest) -> None:
    """Reads every array and compares its hash with the manifest's.

    Raises:
        DatasetError: a file is missing or has changed.
    """
    for name, expected in manifest.files.items():
        path = directory / name
        found = sha256(path) if path.exists() else "nothing"
        if found != expected:
            raise DatasetError(
                f"{path}: SHA-256 {found[:12]}, expected {expected[:12]}; prepare again"
            )


def _prepare(config: DatasetConfig, raw: Raw, directory: Path) -> Manifest:
    identity = _identity(config, raw)
    files = {}
    for name, split in (("train", raw.train), ("test", raw.test)):
        if not split.count:
            raise DatasetError(f"{config.name}: no {name} signals, expected at least one")
        for suffix, (shape, chunks) in _arrays(config, raw, name, split).items():
            path = directory / f"{name}{suffix}.npy"
            files[path.name] = write_rows(path, (split.count, *shape), chunks, identity)
    (directory / "manifest.json").unlink(missing_ok=True)
    for file in files:
        finish(directory / file)
    mean, std = moments(np.load(directory / "train.npy", mmap_mode="r"), config)
    manifest = Manifest(
        name=config.name,
        title=config.title,
        kind=config.kind,
        resolution=config.resolution,
        channels=config.channels,
        classes=raw.classes,
        shareable=config.shareable,
        up_axis=config.up_axis,
        split_rule=raw.split_rule,
        counts={"train": raw.train.count, "test": raw.test.count},
        mean=tuple(mean),
        std=tuple(std),
        sources=raw.sources,
        files=files,
    )
    with replacing(directory / "manifest.json") as unfinished:
        unfinished.write_text(manifest.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return manifest


def _identity(config: DatasetConfig, raw: Raw) -> str:
    """Names everything that the arrays depend on."""
    parts = {
        "config": config.model_dump(mode="json"),
        "sources": raw.sources,
        "counts": (raw.train.count, raw.test.count),
        "rule": raw.split_rule,
        "code": code_digest(config.loader, __name__),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _arrays(
    config: DatasetConfig, raw: Raw, name: str, split: RawSplit
) -> dict[str, tuple[tuple[int, ...], Chunks]]:
    """Every array of a split: what its file name ends with, the shape of a row, and its rows."""
    size = config.resolution
    arrays: dict[str, tuple[tuple[int, ...], Chunks]] = {}
    if config.kind == "voxel":
        arrays[""] = (-(-(size**3) // 8),), partial(_packed, config, split.chunks)
    else:
        arrays[""] = (size, size, config.channels), split.chunks
    if raw.classes:
        labels = checked_labels(config, split, len(raw.classes), name)
        arrays[".labels"] = (), _slices(labels)
    for extra, rows in split.extras.items():
        arrays[f".{extra}"] = rows.shape, rows.chunks
    return arrays


def _slices(array: np.ndarray) -> Chunks:
    return lambda start: iter([array[start:]])


def _packed(config: DatasetConfig, chunks: Chunks, start: int) -> Iterator[np.ndarray]:
    """Occupancy grids ``(n, R, R, R)`` as bits ``(n, R**3 / 8)``, most significant first."""
    expected = (config.resolution,) * 3
    for grids in chunks(start):
        if grids.shape[1:] != expected:
            raise DatasetError(f"{config.name}: a grid is {grids.shape[1:]}, expected {expected}")
        yield np.packbits(grids.reshape(len(grids), -1), axis=1)


def moments(signals: np.ndarray, config: DatasetConfig) -> tuple[list[float], list[float]]:
    """Mean and standard deviation by channel, of values in ``[0, 1]``, from exact counts.

    Args:
        signals: ``(n, R, R, C)`` uint8, or packed occupancy ``(n, R**3 / 8)``.
    """
    values = np.arange(256 if config.kind == "image" else 2)
    counts = np.zeros((config.channels, len(values)), np.int64)
    for first in range(0, len(signals), BLOCK):
        block = np.asarray(signals[first : first + BLOCK])
        if config.kind == "voxel":
            occupied = int(np.bitwise_count(block).sum(dtype=np.int64))
            counts[0] += (len(block) * config.resolution**3 - occupied, occupied)
            continue
        for channel in range(config.channels):
            counts[channel] += np.bincount(block[..., channel].reshape(-1), minlength=256)
    share = counts / counts.sum(1, keepdims=True)
    scaled = values / values[-1]
    mean = share @ scaled
    return mean.tolist(), np.sqrt((share * (scaled - mean[:, None]) ** 2).sum(1)).tolist()


def checked_labels(config: DatasetConfig, split: RawSplit, classes: int, name: str) -> np.ndarray:
    """The labels of a split ``(n,)`` uint8.

    Raises:
        DatasetError: there are others than one whole number below ``classes`` for each signal.
    """
    labels = np.asarray(split.labels)
    if labels.shape != (split.count,) or labels.dtype.kind not in "iu":
        raise DatasetError(
            f"{config.name}: {name} labels of {labels.dtype} {labels.shape}, expected whole "
            f"numbers ({split.count},)"
        )
    if classes > MOST_CLASSES:
        raise DatasetError(f"{config.name}: {classes} classes, expected at most {MOST_CLASSES}")
    if labels.min() < 0 or labels.max() >= classes:
        raise DatasetError(
            f"{config.name}: {name} labels from {labels.min()} to {labels.max()}, expected 0 to "
            f"{classes - 1}"
        )
    return labels.astype(np.uint8)
