"""Meta-learns the field of one cell."""

from __future__ import annotations

from benchmarks.records.provenance import sha256
from benchmarks.records.result import Budget, Metric
from benchmarks.settings.digest import digest
from benchmarks.stages.experiment import Experiment
from benchmarks.stages.stage import Outcome, main
from lift.checkpoint import described, load_metadata
from lift.meta.config import FitConfig
from lift.meta.training import fit, signal_psnr


def training(experiment: Experiment) -> FitConfig:
    """How the field is trained."""
    return experiment.cell.training.fit


def run(experiment: Experiment) -> Outcome:
    """Trains, or continues training; leaves weights, curve and checkpoint beside the JSON."""
    cell, directory = experiment.cell, experiment.directory
    train, validation = experiment.splits()
    field, config = experiment.new_field(), training(experiment)
    curve = fit(
        field,
        train,
        validation,
        config,
        checkpoint=experiment.fit_checkpoint(),
        seed=cell.training.seed,
        team=experiment.team,
    )
    last, weights = curve[-1], directory / "field.safetensors"
    signals = int(last["signals"] or 0)
    continued = described(load_metadata(weights)["continued"])
    reached = [("psnr", last["validation_psnr"], continued)]
    if config.kept != "float32":
        query = field.locate(field.domain.grid(device=experiment.device))
        each = signal_psnr(field, validation, query, config, team=experiment.team)
        reached.append(
            ("psnr_kept", each.mean().item(), f"of the weights rounded to {config.kept}")
        )
    return Outcome(
        [
            Metric(
                name=name,
                value=value,
                unit="dB",
                split="validation",
                samples=len(validation),
                note=note,
            )
            for name, value, note in reached
        ]
        + [Metric(name="training_seconds", value=last["seconds"], unit="s", split="train")],
        Budget(signals=signals, published_signals=cell.published_signals),
        {weights.name: sha256(weights)},
        {"data": digest(experiment.dataset.manifest)},
    )


if __name__ == "__main__":
    main("fit", run, __doc__ or "", training, shared=True)
