"""Encodes the labelled signals of one cell for classification: the training part n times, changed.

Latents are stored in half precision, copy after copy, and read through memory maps: the first n
copies are the first n times as many rows. Fifty copies of CIFAR-10's 45,000 training images take
7.2 GB at LIFT's 1,600 numbers an image (8.0 GB for all 50,000).
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from benchmarks.datasets.augmentation import Augmentation
from benchmarks.datasets.dataset import Split
from benchmarks.datasets.labels import labelled_splits
from benchmarks.records.provenance import sha256
from benchmarks.records.result import Metric
from benchmarks.settings.classification import CopyEncoding
from benchmarks.stages.classification.settings import resolve_classification, stored_copies
from benchmarks.stages.experiment import Experiment, StageError
from benchmarks.stages.stage import Outcome, main
from lift.bars import progress_bar
from lift.field import Latent, NeuralField
from lift.functaset import MANIFEST, write_functaset
from lift.meta.inner import InnerGradient, adapt, gradient_function
from lift.precision import products
from lift.sampling import ordered_batches, signals_at_once

FOLDER = "copies"
BYTES = 2  # of a number in half precision


def latents(
    field: NeuralField,
    split: Split,
    augmentation: Augmentation,
    copies: int,
    inner_steps: int,
    gradient_of: InnerGradient,
    encoding: CopyEncoding,
) -> Iterator[Latent]:
    """The latents of ``copies`` copies of a split, copy after copy, each in the split's order.

    Raises:
        StageError: a latent does not fit into half precision.
    """
    device = next(field.parameters()).device
    query = field.locate(field.domain.grid(device=device))
    size = signals_at_once(field.domain, device, encoding.batch)
    with progress_bar(total=copies * len(split), desc="encode copies") as bar:
        for copy in range(copies):
            for indices, kept in ordered_batches(len(split), size):
                values = augmentation.apply(split.batch(indices), indices, copy).to(device)
                with products(device, encoding.precision):
                    latent = adapt(field, query, values, inner_steps, gradient_of=gradient_of)
                halves = {name: tensor[:kept].half() for name, tensor in latent.items()}
                for name, tensor in halves.items():
                    if not tensor.isfinite().all():
                        raise StageError(
                            f"{name} latents of signals {indices[0]} to {indices[-1]}: not finite "
                            "in half precision, expected at most 65504; fit again"
                        )
                yield halves
                bar.update(kept)


def run(experiment: Experiment) -> Outcome:
    """Writes ``copies/`` beside the JSON: splits train (n copies), validation and test."""
    training = experiment.cell.training
    config = resolve_classification(
        experiment.cell.scale, training.dataset, training.method, experiment.results
    )
    splits = labelled_splits(experiment.dataset, config.signals)
    field, weights = experiment.trained_field()
    fit, manifest = training.fit, experiment.dataset.manifest
    gradient_of = gradient_function(fit.compile, experiment.device)
    stored = {name: max(config.settings.copies) if name == "train" else 1 for name in splits}
    directory, began = experiment.directory / FOLDER, time.monotonic()
    batches: dict[str, tuple[int, Iterable[Latent]]] = {}
    for name, split in splits.items():
        change = Augmentation(
            field.domain, manifest.kind, manifest.up_axis, len(split), training.seed
        )
        encoded = latents(
            field, split, change, stored[name], fit.inner_steps, gradient_of, config.encoding
        )
        batches[name] = (stored[name] * len(split), encoded)
    write_functaset(directory, batches, weights)
    seconds = time.monotonic() - began
    total = sum(stored[name] * len(split) for name, split in splits.items())
    floats = sum(tensor.numel() for tensor in field.zero_latent(1).values())
    return Outcome(
        [
            Metric(name="signals", value=len(split), unit="1", split=name, samples=len(split))
            for name, split in splits.items()
        ]
        + [
            Metric(name="copies", value=stored["train"], unit="1", split="train"),
            Metric(name="encoding_seconds", value=seconds, unit="s", split="none", samples=total),
            Metric(
                name="encoding_speed",
                value=total / seconds,
                unit="1/s",
                split="none",
                samples=total,
            ),
            Metric(name="bytes", value=BYTES * floats * total, unit="B", split="none"),
            Metric(
                name="bytes_copies50",
                value=50 * BYTES * floats * len(splits["train"]),
                unit="B",
                split="train",
            ),
        ],
        artifacts={f"{FOLDER}/{MANIFEST}": sha256(directory / MANIFEST)},
        config={"classification": stored_copies(config)},
    )


if __name__ == "__main__":
    main("encode_copies", run, __doc__ or "")
