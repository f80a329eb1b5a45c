"""Turns a data set into memory-mapped arrays with a manifest, below ``data/NAME``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks.datasets.config import load_dataset_config
from benchmarks.datasets.dataset import open_prepared
from benchmarks.datasets.loaders import load_raw
from benchmarks.datasets.store import prepare, verify


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", required=True, help="config/datasets/NAME.yaml")
    parser.add_argument("--data", type=Path, default=Path("data"))
    parser.add_argument("--verify", action="store_true", help="read a prepared one again")
    options = parser.parse_args()
    directory = options.data / options.dataset
    try:
        config = load_dataset_config(options.dataset)
        if options.verify:
            verify(directory, open_prepared(directory).manifest)
        else:
            prepare(config, load_raw(config), directory)
    except (RuntimeError, ValueError, OSError) as error:
        sys.exit(f"prepare: {error}")


if __name__ == "__main__":
    main()
