"""Classifies one cell's latents, with the head that its method was published with."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.datasets.dataset import Split
from benchmarks.datasets.labels import labelled_splits
from benchmarks.records.provenance import code_digest
from benchmarks.records.result import Metric, SplitName
from benchmarks.settings.digest import digest
from benchmarks.stages.classification.encode_copies import FOLDER
from benchmarks.stages.classification.heads import head_module
from benchmarks.stages.classification.inputs import (
    FusedScaling,
    Inputs,
    StoredLatents,
    latent_scaling,
    split_labels,
)
from benchmarks.stages.classification.settings import (
    Classification,
    resolve_classification,
    stored_copies,
)
from benchmarks.stages.classification.trials import ClassificationTask, measure
from benchmarks.stages.experiment import Experiment, StageError
from benchmarks.stages.stage import Outcome, main
from lift.diffusion.fused import fusing, standardised
from lift.field import Latent
from lift.functaset import Functaset, open_functaset
from lift.network_training import TrainingConfig
from lift.vmamba.scan import choose_backend


def stored_latents(experiment: Experiment, weights: str, config: Classification) -> Functaset:
    """The copies that this cell's field encoded.

    Raises:
        FunctasetError: they are missing, damaged, or another field's.
        StageError: they are copies of other signals, or too few.
    """
    provenance = experiment.upstream("encode_copies").provenance
    found = provenance.config["classification"] if provenance else {}
    wanted = stored_copies(config)
    if found.get("signals") != wanted["signals"] or found.get("copies", 0) < wanted["copies"]:
        raise StageError(
            f"{experiment.directory / FOLDER}: {found.get('copies', 'no')} copies of signals "
            f"{found.get('signals')}, expected {wanted['copies']} of {wanted['signals']}; encode "
            "the copies again"
        )
    return open_functaset(experiment.directory / FOLDER, weights)


def inputs_of(
    experiment: Experiment, config: Classification, splits: dict[SplitName, Split]
) -> dict[int, Inputs]:
    """What the classifier reads, for each number of copies."""
    settings, labels = config.settings, split_labels(splits)
    field, weights = experiment.trained_field()
    functaset = stored_latents(experiment, weights, config)
    scaling: Callable[[Latent], Latent] = latent_scaling(functaset, settings.divide_by)
    if settings.geometry == "fused":
        scaling = FusedScaling(standardised(fusing(field.cpu()), functaset))
    return {copies: StoredLatents(functaset, labels, copies, scaling) for copies in settings.copies}


def settings(experiment: Experiment) -> Classification:
    """How this cell is classified.

    Raises:
        ConfigError: the scale does not classify it.
    """
    cell = experiment.cell
    return resolve_classification(
        cell.scale, cell.training.dataset, cell.training.method, experiment.results
    )


def training(experiment: Experiment) -> TrainingConfig:
    """How the classifier is trained."""
    return settings(experiment).training


def run(experiment: Experiment) -> Outcome:
    """Trains on the training copies, chooses nothing by the test split, and measures on it once."""
    own, manifest = experiment.cell.training, experiment.dataset.manifest
    config = settings(experiment)
    splits = labelled_splits(experiment.dataset, config.signals)
    encoded = experiment.upstream("encode_copies")
    code = code_digest("benchmarks.stages.classification.trials", head_module(config.settings.head))
    task = ClassificationTask(
        config,
        experiment.dataset.classes,
        experiment.directory,
        f"{own.method} on {experiment.dataset.title}, {experiment.cell.scale}",
        experiment.device,
        own.seed,
        {"latents": encoded.artifacts, "data": digest(manifest)},
        code,
        experiment.resume_anyway,
    )
    metrics, budget = measure(inputs_of(experiment, config, splits), task)
    metrics.append(
        Metric(
            name="encoding_seconds",
            value=encoded.value("encoding_seconds"),
            unit="s",
            split="none",
            samples=int(sum(m.value or 0 for m in encoded.metrics if m.name == "signals")),
        )
    )
    asked = config.settings.settings.get("backend", "auto")
    scan = choose_backend(experiment.device, asked) if config.settings.head == "vmamba" else "none"
    return Outcome(
        metrics,
        budget,
        config={"classification": config.model_dump(mode="json"), "scan_backend": scan},
    )


if __name__ == "__main__":
    main("classification", run, __doc__ or "", training)
