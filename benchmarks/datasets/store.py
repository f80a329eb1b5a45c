"""Turns raw signals into memory-mapped arrays and a manifest, whole or not at all."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from tqdm import tqdm

from benchmarks.datasets.config import DatasetConfig
from benchmarks.datasets.dataset import DatasetError, Manifest
from benchmarks.datasets.raw import Raw, RawSplit
from lift.files import replacing


def prepare(config: DatasetConfig, raw: Raw, directory: Path) -> Manifest:
    """Writes ``{train,test}.npy``, labels, and the manifest last: without it nothing is trusted.

    Raises:
        DatasetError: a source brings other signals than announced, or labels out of range.
    """
    (directory / "manifest.json").unlink(missing_ok=True)
    moments, files = {}, {}
    for name, split in (("train", raw.train), ("test", raw.test)):
        path = directory / f"{name}.npy"
        moments[name] = _write_signals(path, config, split)
        files[path.name] = _sha256(path)
        if raw.classes:
            labels = _checked_labels(config, split, len(raw.classes), name)
            path = directory / f"{name}.labels.npy"
            with replacing(path) as unfinished, unfinished.open("wb") as file:
                np.save(file, labels)
            files[path.name] = _sha256(path)
    mean, std = moments["train"]
    manifest = Manifest(
        name=config.name,
        title=config.title,
        kind=config.kind,
        resolution=config.resolution,
        channels=config.channels,
        classes=raw.classes,
        shareable=config.shareable,
        split_rule=raw.split_rule,
        counts={"train": raw.train.count, "test": raw.test.count},
        mean=tuple(mean),
        std=tuple(std),
        sources=raw.sources,
        files=files,
    )
    with replacing(directory / "manifest.json") as unfinished:
        unfinished.write_text(manifest.model_dump_json(indent=1) + "\n")
    return manifest


def verify(directory: Path, manifest: Manifest) -> None:
    """Reads every array and compares its hash with the manifest's.

    Raises:
        DatasetError: a file is missing or has changed.
    """
    for name, expected in manifest.files.items():
        path = directory / name
        found = _sha256(path) if path.exists() else "nothing"
        if found != expected:
            raise DatasetError(
                f"{path}: SHA-256 {found[:12]}, expected {expected[:12]}; prepare again"
            )


def _write_signals(path: Path, config: DatasetConfig, split: RawSplit) -> tuple[list, list]:
    """Streams one split to disk; returns mean and standard deviation by channel, in [0, 1]."""
    voxels = config.kind == "voxel"
    size = config.resolution
    signal = (size,) * 3 if voxels else (size, size, config.channels)
    stored = (-(-(size**3) // 8),) if voxels else signal
    scale = 1 if voxels else 255
    sums, done = np.zeros((2, config.channels)), 0
    with replacing(path) as unfinished:
        array = np.lib.format.open_memmap(unfinished, "w+", np.uint8, (split.count, *stored))
        for chunk in tqdm(split.chunks(), desc=f"prepare {config.name} {path.stem}", mininterval=2):
            if chunk.dtype != np.uint8 or chunk.shape[1:] != signal:
                raise DatasetError(
                    f"{config.name}: a signal is {chunk.dtype} {chunk.shape[1:]}, "
                    f"expected uint8 {signal}"
                )
            if done + len(chunk) > split.count:
                raise DatasetError(
                    f"{config.name}: more than the {split.count} {path.stem} signals announced"
                )
            flat = chunk.reshape(len(chunk), -1)
            array[done : done + len(chunk)] = np.packbits(flat, axis=1) if voxels else chunk
            done += len(chunk)
            values = chunk.reshape(-1, config.channels) / scale
            sums += np.stack([values.sum(0), np.square(values).sum(0)])
        if done != split.count:
            raise DatasetError(f"{config.name}: {done} {path.stem} signals, expected {split.count}")
        array.flush()
        del array
    points = split.count * np.prod(signal) / config.channels
    mean = sums[0] / points
    return mean.tolist(), np.sqrt(np.maximum(sums[1] / points - mean**2, 0)).tolist()


def _checked_labels(config: DatasetConfig, split: RawSplit, classes: int, name: str) -> np.ndarray:
    labels = np.asarray(split.labels)
    if labels.shape != (split.count,) or labels.min() < 0 or labels.max() >= classes:
        raise DatasetError(
            f"{config.name}: {name} labels of shape {labels.shape} from {labels.min()} to "
            f"{labels.max()}, expected {split.count} of them from 0 to {classes - 1}"
        )
    return labels.astype(np.uint8)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
