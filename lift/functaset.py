"""A functaset: the latents of many signals on disk, memory-mapped, with per-channel statistics."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from torch import Tensor

from lift.field import Latent

MANIFEST = "functaset.json"


class FunctasetError(RuntimeError):
    """A functaset that is missing, damaged, or made by another field."""


@dataclass(frozen=True)
class Functaset:
    """Latents by split and scale, each a memory map ``(n, ..., d)``.

    ``mean`` and ``std`` hold, for each scale, ``(d,)`` statistics of the training latents over
    signals and cells: what a generative model standardises by.
    """

    splits: dict[str, dict[str, np.ndarray]]
    mean: dict[str, Tensor]
    std: dict[str, Tensor]
    field_sha256: str

    def latent(self, split: str, indices: np.ndarray) -> Latent:
        """Latents of some signals of a split, copied into memory."""
        return {
            name: torch.from_numpy(np.asarray(array[indices]))
            for name, array in self.splits[split].items()
        }


def write_functaset(
    directory: Path,
    batches: dict[str, tuple[int, Iterable[Latent]]],
    field_sha256: str,
) -> None:
    """Streams latents to disk; the folder appears complete or not at all.

    Args:
        batches: for each split the number of signals and their latents in order, in batches; the
            split ``train`` gives the statistics.

    Raises:
        FunctasetError: a split brings another number of latents than announced, or one that is
            not finite.
    """
    directory = directory.resolve()  # a link stays one: what it points at is replaced
    unfinished = directory.with_name(f".{directory.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    try:
        statistics = {
            split: _write_split(unfinished, split, count, latents)
            for split, (count, latents) in batches.items()
        }
        manifest = {
            "field_sha256": field_sha256,
            "splits": {split: count for split, (count, _) in batches.items()},
            "statistics": statistics["train"],
        }
        (unfinished / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
        replaced = directory.with_name(f".{directory.name}.replaced")
        shutil.rmtree(replaced, ignore_errors=True)
        if directory.exists():
            directory.rename(replaced)  # a stop at any place leaves one of the two
        unfinished.rename(directory)
        shutil.rmtree(replaced, ignore_errors=True)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _write_split(
    directory: Path, split: str, count: int, latents: Iterable[Latent]
) -> dict[str, dict[str, list[float]]]:
    """Appends to one ``.npy`` a scale; a map would turn a full disk into a crash."""
    sums: dict[str, np.ndarray] = {}
    cells: dict[str, int] = {}
    done = 0
    with ExitStack() as stack:
        files: dict[str, BinaryIO] = {}
        for latent in latents:
            done += len(next(iter(latent.values())))
            if done > count:
                raise FunctasetError(f"{split} has more than {count} latents; nothing was stored")
            for name, tensor in latent.items():
                values = tensor.cpu().numpy()
                wrong = ~np.isfinite(values.reshape(len(values), -1)).all(1)
                if wrong.any():
                    number = done - len(values) + wrong.argmax()
                    raise FunctasetError(
                        f"{split}.{name}: the latent of signal {number} holds NaN or infinity; "
                        "nothing was stored"
                    )
                if name not in files:
                    path = directory / f"{split}.{name}.npy"
                    files[name] = stack.enter_context(path.open("wb"))
                    _write_header(files[name], values.dtype, (count, *values.shape[1:]))
                    sums[name] = np.zeros((2, values.shape[-1]))
                    cells[name] = 0
                files[name].write(values.tobytes())
                flat = values.reshape(-1, values.shape[-1]).astype(np.float64)
                sums[name] += np.stack([flat.sum(0), np.square(flat).sum(0)])
                cells[name] += len(flat)
    if done != count:
        raise FunctasetError(f"{split} has {done} latents, expected {count}; nothing was stored")
    statistics = {}
    for name, samples in cells.items():
        mean = sums[name][0] / samples
        variance = np.maximum(sums[name][1] / samples - np.square(mean), 0)
        unbiased = variance * samples / max(samples - 1, 1)
        statistics[name] = {"mean": mean.tolist(), "std": np.sqrt(unbiased).tolist()}
    return statistics


def _write_header(file: BinaryIO, dtype: np.dtype, shape: tuple[int, ...]) -> None:
    header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)


def open_functaset(directory: Path, field_sha256: str) -> Functaset:
    """Opens a functaset that a known field made.

    Raises:
        FunctasetError: it is missing, damaged, or holds latents of other weights.
    """
    try:
        manifest = json.loads((directory / MANIFEST).read_text(encoding="utf-8"))
        if manifest["field_sha256"] != field_sha256:
            raise FunctasetError(
                f"{directory}: latents of another field (weights {manifest['field_sha256'][:12]}, "
                f"expected {field_sha256[:12]}); encode again"
            )
        statistics = manifest["statistics"]
        splits = {
            split: {
                name: _open_latents(directory / f"{split}.{name}.npy", count, entry["mean"])
                for name, entry in statistics.items()
            }
            for split, count in manifest["splits"].items()
        }
        return Functaset(
            splits,
            {name: torch.tensor(entry["mean"]) for name, entry in statistics.items()},
            {name: torch.tensor(entry["std"]) for name, entry in statistics.items()},
            field_sha256,
        )
    except FileNotFoundError as error:
        raise FunctasetError(f"{error.filename}: no such file; encode first") from error
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise FunctasetError(f"{directory}: damaged functaset ({error}); encode again") from error


def _open_latents(path: Path, count: int, mean: list[float]) -> np.ndarray:
    """The memory-mapped latents of one name, ``(count, ..., len(mean))``."""
    try:
        array = np.lib.format.open_memmap(path, mode="r")
    except FileNotFoundError:
        raise
    except Exception as error:  # a damaged header raises almost anything
        said = " ".join(str(error).split())
        raise FunctasetError(f"{path}: damaged ({said}); encode again") from error
    whole = path.stat().st_size == array.offset + array.nbytes
    shape = (count, *array.shape[1:-1], len(mean))
    if array.dtype.kind != "f" or array.shape != shape or not whole:
        raise FunctasetError(
            f"{path}: {array.dtype} {array.shape} in {path.stat().st_size} bytes, expected floats "
            f"{shape} in {array.offset + array.nbytes}; encode again"
        )
    return array
