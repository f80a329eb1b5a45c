"""How fast data sets are prepared and batches are read, against the plain ways to read them.

    python -m benchmarks.speed.loading prepare --images 300 --pixels 1024
    python -m benchmarks.speed.loading batches --data data --dataset cifar10
    python -m benchmarks.speed.loading hdf5 --shapes 256

Each prints one JSON line: signals a second, and for ``prepare`` the peak memory of this process.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import torch
from PIL import Image

from baselines.torchvision_guard import import_torchvision
from benchmarks.datasets.dataset import open_prepared
from benchmarks.datasets.loaders import load_raw
from benchmarks.datasets.raw import Raw, RawSplit
from benchmarks.datasets.sources.celebahq import CelebAHQSettings
from benchmarks.datasets.store import prepare
from benchmarks.settings.dataset import load_dataset_config


def peak_mib() -> float:
    """Most memory that this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def per_second(read: Callable[[np.ndarray], object], count: int, batch: int, batches: int) -> float:
    """Signals a second of random batches, after one to warm up."""
    rng = np.random.default_rng(0)
    chosen = [rng.choice(count, min(batch, count), replace=False) for _ in range(batches + 1)]
    read(chosen[0])
    began = time.perf_counter()
    for indices in chosen[1:]:
        read(indices)
    return sum(map(len, chosen[1:])) / (time.perf_counter() - began)


def photographs(folder: Path, count: int, pixels: int) -> None:
    """JPEG files by number, smooth and noisy in the proportion of photographs."""
    rng = np.random.default_rng(0)
    for number in range(count):
        coarse = Image.fromarray(rng.integers(0, 256, (16, 16, 3), np.uint8))
        smooth = np.asarray(coarse.resize((pixels, pixels), Image.Resampling.BICUBIC), np.int16)
        noisy = np.clip(smooth + rng.integers(-12, 13, smooth.shape), 0, 255).astype(np.uint8)
        Image.fromarray(noisy).save(folder / f"{number + 1:05d}.jpg", quality=95)


def measure_prepare(images: int, pixels: int) -> dict[str, float]:
    """Preparing images of CelebA-HQ's size: 64², from JPEG files."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "source"
        source.mkdir()
        photographs(source, images, pixels)
        before = peak_mib()
        settings = CelebAHQSettings(path=str(source), train=images - 1, test=1)
        config = load_dataset_config("celebahq64")
        config = config.model_copy(update={"source": settings.model_dump()})
        began = time.perf_counter()
        prepare(config, load_raw(config), Path(folder) / "out")
        seconds = time.perf_counter() - began
    return {"images_per_second": images / seconds, "peak_mib": peak_mib(), "before_mib": before}


def measure_batches(directory: Path, batch: int, batches: int) -> dict[str, float]:
    """Random batches of a prepared data set, and of torchvision's CIFAR-10."""
    dataset = open_prepared(directory)
    rates = {"ours": per_second(dataset.train.batch, len(dataset.train), batch, batches)}
    if dataset.name != "cifar10":
        return rates
    import_torchvision()
    from torchvision.datasets import CIFAR10  # noqa: PLC0415
    from torchvision.transforms import ToTensor  # noqa: PLC0415

    # torchvision keeps all images in memory; these are the same ones.
    plain = CIFAR10.__new__(CIFAR10)
    plain.data, plain.targets = np.array(dataset.train.signals), [0] * len(dataset.train)
    plain.transform, plain.target_transform = ToTensor(), None

    def read(indices: np.ndarray) -> torch.Tensor:
        return torch.stack([plain[int(index)][0] for index in indices])

    rates["torchvision"] = per_second(read, len(dataset.train), batch, batches)
    return rates


def measure_hdf5(shapes: int, batch: int, batches: int) -> dict[str, float]:
    """Random batches of 64³ shapes, prepared and straight from a compressed HDF5 file."""
    axis = np.linspace(-1, 1, 64)
    x, y, z = np.meshgrid(axis, axis, axis, indexing="ij")
    radii = np.random.default_rng(0).uniform(0.3, 0.9, (shapes, 3))
    grids = [(x / a) ** 2 + (y / b) ** 2 + (z / c) ** 2 <= 1 for a, b, c in radii]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "shapes.hdf5"
        voxels = np.stack(grids).astype(np.uint8)
        with h5py.File(path, "w") as file:
            file.create_dataset("voxels", data=voxels[..., None], compression=9)
        split = RawSplit.of(voxels)
        prepare(load_dataset_config("infomr64"), Raw(split, split, "all"), Path(folder) / "out")
        ours = open_prepared(Path(folder) / "out").train
        rates = {"ours": per_second(ours.batch, shapes, batch, batches)}
        with h5py.File(path, "r") as file:

            def read(indices: np.ndarray) -> torch.Tensor:
                return torch.from_numpy(file["voxels"][np.sort(indices)]).flatten(1).float()

            rates["h5py"] = per_second(read, shapes, batch, batches)
    return rates


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("prepare", "batches", "hdf5"))
    parser.add_argument("--images", type=int, default=300)
    parser.add_argument("--pixels", type=int, default=1024)
    parser.add_argument("--shapes", type=int, default=256)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--batches", type=int, default=50)
    parser.add_argument("--data", type=Path, default=Path("data"))
    parser.add_argument("--dataset", default="cifar10")
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.what == "prepare":
        result = measure_prepare(options.images, options.pixels)
    elif options.what == "batches":
        result = measure_batches(options.data / options.dataset, options.batch, options.batches)
    else:
        result = measure_hdf5(options.shapes, options.batch, options.batches)
    print(json.dumps({name: round(value, 1) for name, value in result.items()}))


if __name__ == "__main__":
    main()
