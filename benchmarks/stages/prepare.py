"""Turns a data set into memory-mapped arrays with a manifest, below ``data/NAME``."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.datasets.dataset import Manifest, open_prepared
from benchmarks.datasets.loaders import load_raw
from benchmarks.datasets.store import prepare, verify
from benchmarks.records.provenance import sha256
from benchmarks.records.result import Metric, Result, SplitName, prepared_path, write_result
from benchmarks.settings.dataset import load_dataset_config
from benchmarks.stages.failure import one_line
from benchmarks.stages.lock import written_here
from benchmarks.stages.terminal import Announced


def outcome(manifest: Manifest, directory: Path) -> Result:
    """The counts of a prepared data set, and the hash of its manifest."""
    splits: tuple[SplitName, ...] = ("train", "test")
    return Result(
        stage="prepare",
        scale="prepared",
        dataset=manifest.name,
        method="data",
        seed=0,
        status="ok",
        metrics=[
            Metric(name="signals", value=manifest.counts[split], unit="1", split=split)
            for split in splits
        ],
        artifacts={"manifest.json": sha256(directory / "manifest.json")},
    )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", required=True, help="config/datasets/NAME.yaml")
    parser.add_argument("--data", type=Path, default=Path("data"))
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--verify", action="store_true", help="read a prepared one again")
    options = parser.parse_args()
    directory = options.data / options.dataset
    with one_line("prepare"):
        config = load_dataset_config(options.dataset)
        if options.verify:
            verify(directory, open_prepared(directory).manifest)
        else:
            path = prepared_path(options.results, config.name)
            with written_here(path):
                told = Announced("prepare", path, f"{config.name} ({config.title}) in {directory}")
                result = outcome(prepare(config, load_raw(config), directory), directory)
                write_result(path, result)
                told.end(result.metrics, "lift list")


if __name__ == "__main__":
    main()
