"""Encodes the signals of one cell into a functaset, with the trained field."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator

from benchmarks.datasets.dataset import Split
from benchmarks.records.provenance import sha256
from benchmarks.records.result import Metric
from benchmarks.stages.experiment import Experiment
from benchmarks.stages.stage import Outcome, main
from lift.bars import progress_bar
from lift.field import Latent, NeuralField
from lift.functaset import MANIFEST, write_functaset
from lift.meta.inner import InnerGradient, adapt, gradient_function
from lift.meta.parallel import Team
from lift.sampling import ordered_batches, signals_at_once


def latents(
    field: NeuralField,
    split: Split,
    batch: int,
    inner_steps: int,
    gradient_of: InnerGradient,
    team: Team,
) -> Iterator[Latent]:
    """The latents of a split in order, in batches, in float32 on the whole grid.

    Each process encodes its share of every batch, and has the whole of it.
    """
    device = next(field.parameters()).device
    query = field.locate(field.domain.grid(device=device))
    with progress_bar(total=len(split), desc="encode", shown=team.first) as bar:
        size = signals_at_once(field.domain, device, batch) * team.size
        for indices, kept in ordered_batches(len(split), size):
            count = team.shared(len(indices))
            values = split.batch(indices[team.share(count)]).to(device)
            latent = adapt(field, query, values, inner_steps, gradient_of=gradient_of)
            yield {name: team.whole(own, count)[:kept] for name, own in latent.items()}
            bar.update(kept)


def run(experiment: Experiment) -> Outcome:
    """Writes ``functaset/`` beside the JSON."""
    field, weights = experiment.trained_field()
    fit, splits = experiment.cell.training.fit, experiment.encoded()
    gradient_of, team = gradient_function(fit.compile, experiment.device), experiment.team
    directory, began = experiment.directory / "functaset", time.monotonic()
    batches: dict[str, tuple[int, Iterable[Latent]]] = {
        name: (len(split), latents(field, split, fit.batch, fit.inner_steps, gradient_of, team))
        for name, split in splits.items()
    }
    if team.first:
        write_functaset(directory, batches, weights)
    else:
        for _, shares in batches.values():
            deque(shares, maxlen=0)  # encodes them, and keeps nothing
    team.wait()
    total = sum(len(split) for split in splits.values())
    return Outcome(
        [
            Metric(name="signals", value=len(split), unit="1", split=name, samples=len(split))
            for name, split in splits.items()
        ]
        + [
            Metric(
                name="encoding_speed",
                value=total / (time.monotonic() - began),
                unit="1/s",
                split="none",
                samples=total,
            )
        ],
        artifacts={f"functaset/{MANIFEST}": sha256(directory / MANIFEST)},
    )


if __name__ == "__main__":
    main("encode", run, __doc__ or "", shared=True)
