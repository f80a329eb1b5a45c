"""What a method costs at its published size: no training, the same in every scale."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import torch

from benchmarks.metrics.cost import count_macs
from benchmarks.records.provenance import code_digest, git_commit, packages, peak_memory_bytes
from benchmarks.records.result import Metric, Provenance, Result, result_path, write_result
from benchmarks.settings.dataset import load_dataset_config
from benchmarks.settings.fields import build_field, field_module
from benchmarks.settings.files import digest as config_digest
from benchmarks.settings.files import find_method, published_settings
from lift.field import Domain

COUNTS = (
    "parameters",
    "inference_parameters",
    "latent_floats",
    "macs",
    "bias_adds",
    "encode_macs",
    "mixing_macs",
)


def run(method: str, dataset: str) -> list[Metric]:
    """Closed-form cost, and fvcore's count of the same forward.

    Raises:
        RuntimeError: the two disagree.
    """
    settings, source = published_settings(method, dataset), load_dataset_config(dataset)
    dimensions = 3 if source.kind == "voxel" else 2
    domain = Domain(dimensions, source.resolution, source.channels)
    field = build_field(find_method(method).field, domain, settings.field)
    cost, counted = field.cost(), count_macs(field)
    learnable = sum(parameter.numel() for parameter in field.parameters())
    closed = (cost.macs + cost.mixing_macs, cost.parameters)
    if closed != (counted, learnable):
        raise RuntimeError(
            f"{method} on {dataset}: {closed[0]} multiply-adds and {closed[1]} parameters in "
            f"closed form, {counted} and {learnable} counted"
        )
    return [Metric(name=name, value=getattr(cost, name), unit="1", split="none") for name in COUNTS]


def main() -> None:
    """Command line: one method on one of the published data sets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", required=True, help="celebahq64, shapenet64 or cifar10")
    parser.add_argument("--method", required=True)
    parser.add_argument("--results", type=Path, default=Path("results"))
    options = parser.parse_args()
    began = time.monotonic()
    try:
        metrics = run(options.method, options.dataset)
        settings = published_settings(options.method, options.dataset)
        key = find_method(options.method).field
        write_result(
            result_path(options.results, "published", options.dataset, options.method, 0, "cost"),
            Result(
                stage="cost",
                scale="published",
                dataset=options.dataset,
                method=options.method,
                seed=0,
                status="ok",
                metrics=metrics,
                provenance=Provenance(
                    config=settings.model_dump(mode="json"),
                    config_hash=config_digest(settings),
                    code_digest=code_digest("benchmarks.stages.cost", field_module(key)),
                    git_commit=git_commit(),
                    packages=packages(),
                    device="cpu",
                    threads=torch.get_num_threads(),
                    wall_seconds=round(time.monotonic() - began, 2),
                    peak_memory_bytes=peak_memory_bytes(torch.device("cpu")),
                ),
            ),
        )
    except (RuntimeError, ValueError, OSError) as error:
        sys.exit(f"cost: {error}")


if __name__ == "__main__":
    main()
