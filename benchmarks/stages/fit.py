"""Meta-learns the field of one cell."""

from __future__ import annotations

from benchmarks.records.provenance import sha256
from benchmarks.records.result import Budget, Metric
from benchmarks.stages.experiment import Experiment
from benchmarks.stages.stage import Outcome, main
from lift.meta.training import fit


def run(experiment: Experiment) -> Outcome:
    """Trains, or continues training; leaves weights, curve and checkpoint beside the JSON."""
    training, directory = experiment.cell.training, experiment.directory
    train, validation = experiment.splits()
    curve = fit(
        experiment.new_field(),
        train,
        validation,
        training.fit,
        checkpoint=experiment.fit_checkpoint(),
        seed=training.seed,
    )
    last, weights = curve[-1], directory / "field.safetensors"
    signals = int(last["signals"] or 0)
    return Outcome(
        [
            Metric(
                name="psnr",
                value=last["validation_psnr"],
                unit="dB",
                split="validation",
                samples=len(validation),
            ),
            Metric(name="training_seconds", value=last["seconds"], unit="s", split="train"),
        ],
        Budget(signals=signals, published_signals=experiment.cell.published_signals),
        {weights.name: sha256(weights)},
    )


if __name__ == "__main__":
    main("fit", run, __doc__ or "")
