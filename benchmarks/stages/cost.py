"""What a method costs at its published size: no training, the same in every scale."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from benchmarks.metrics.cost import count_macs
from benchmarks.records.provenance import code_digest
from benchmarks.records.recording import Recording
from benchmarks.records.result import Metric, Result, result_path, write_result
from benchmarks.settings.dataset import load_dataset_config
from benchmarks.settings.fields import build_field, field_module
from benchmarks.settings.method import find_method, published_settings
from benchmarks.stages.failure import one_line
from benchmarks.stages.terminal import Announced
from lift.field import NeuralField

COUNTS = (
    "parameters",
    "inference_parameters",
    "latent_floats",
    "macs",
    "bias_adds",
    "encode_macs",
    "mixing_macs",
    "interpolation_macs",
)


def run(method: str, dataset: str) -> list[Metric]:
    """What the field states in closed form, and in notes where a count of it says otherwise."""
    settings, source = published_settings(method, dataset), load_dataset_config(dataset)
    return measure(build_field(find_method(method).field, source.domain, settings.field))


def measure(field: NeuralField) -> list[Metric]:
    """The costs of one field.

    Where the closed form of the multiply-adds or of the parameters differs from the count, the
    count is reported, unless it leaves out operators and is the smaller; a note says which.
    """
    cost, counted = field.cost(), count_macs(field)
    values: dict[str, int] = {name: getattr(cost, name) for name in COUNTS}
    notes = {"macs": counted.remark}
    stated = cost.macs + cost.mixing_macs
    if stated != counted.most:
        if counted.uncounted and stated > counted.most:
            which = f"the field's closed form; {counted.most} counted"
        else:
            which = f"counted; the field's closed form says {stated}"
            values["macs"] = counted.most - cost.mixing_macs
        notes["macs"] = "; ".join(filter(None, (which, counted.remark)))
    learnable = sum(parameter.numel() for parameter in field.parameters())
    if cost.parameters + cost.rate_parameters != learnable:
        notes["parameters"] = f"counted; the field's closed form says {cost.parameters}"
        values["parameters"] = learnable - cost.rate_parameters
    return [
        Metric(name=name, value=value, unit="1", split="none", note=notes.get(name, ""))
        for name, value in values.items()
    ]


def main() -> None:
    """Command line: one method on one of the published data sets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", required=True, help="celebahq64, shapenet64 or cifar10")
    parser.add_argument("--method", required=True)
    parser.add_argument("--results", type=Path, default=Path("results"))
    options = parser.parse_args()
    with one_line("cost"):
        code = code_digest(
            "benchmarks.stages.cost", field_module(find_method(options.method).field)
        )
        recording = Recording(code, torch.device("cpu"))
        path = result_path(options.results, "published", options.dataset, options.method, 0, "cost")
        told = Announced("cost", path, f"{options.method} on {options.dataset}, published size")
        metrics = run(options.method, options.dataset)
        settings = published_settings(options.method, options.dataset)
        write_result(
            path,
            Result(
                stage="cost",
                scale="published",
                dataset=options.dataset,
                method=options.method,
                seed=0,
                status="ok",
                metrics=metrics,
                provenance=recording.provenance(settings.model_dump(mode="json")),
            ),
        )
        told.end(metrics, "python -m benchmarks.tables.tables")


if __name__ == "__main__":
    main()
