"""Which properties are checked, on which field."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from benchmarks.checks.coordinates import OF_VALUES
from benchmarks.checks.counting import OF_COST
from benchmarks.checks.gradients import OF_GRADIENTS
from benchmarks.checks.keeping import OF_EVALUATION, OF_STATE
from benchmarks.checks.latents import OF_ENCODING, OF_ONE_FIELD
from benchmarks.checks.learning import OF_LEARNING
from benchmarks.checks.property import Finding, Property, examine
from benchmarks.checks.subject import Subject
from benchmarks.settings.cell import resolve
from benchmarks.settings.dataset import load_dataset_config
from benchmarks.settings.fields import build_field, field_class
from lift.field import Domain, NeuralField

PROPERTIES: tuple[Property, ...] = (
    *OF_ONE_FIELD,
    *OF_EVALUATION,
    *OF_VALUES,
    *OF_ENCODING,
    *OF_STATE,
    *OF_GRADIENTS,
    *OF_COST,
    *OF_LEARNING,
)

DOMAINS = {"image": Domain(2, 16, 3), "voxel": Domain(3, 16, 1), "sequence": Domain(1, 64, 1)}
"""Small grids to try a field on."""


EXCUSES = {
    "lift.model:LIFT": (0.5, "its generator's rectifiers, at PyTorch's start"),
    "baselines.gem:GEM": (0.4, "its hypernetwork's rectifiers, at the published start"),
}
"""Fields whose published start leaves units without a gradient: the share, and which."""


def subject_of(spec: str, settings: Mapping[str, Any], domain: Domain, **rest: Any) -> Subject:
    """A field of anybody's, built with its constructor's defaults but for ``settings``.

    Args:
        rest: other arguments of `Subject`.

    Raises:
        ConfigError: there is no such class.
    """
    make: Callable[..., NeuralField] = field_class(spec)
    return _excused(Subject(lambda: make(domain, **settings), **rest), spec)


def subject_of_method(scale: str, dataset: str, method: str) -> Subject:
    """A configured method as a scale sizes it, on a small grid of the data set's kind.

    Raises:
        ConfigError: there is no such cell, or a file is wrong.
    """
    training = resolve(scale, dataset, method, seed=0).training
    source = load_dataset_config(dataset)
    domain = replace(DOMAINS[source.kind], channels=source.channels)
    subject = Subject(
        lambda: build_field(training.field, domain, training.settings),
        inner_steps=training.fit.inner_steps,
        rate=training.fit.rate,
    )
    return _excused(subject, training.field)


def _excused(subject: Subject, spec: str) -> Subject:
    if spec not in EXCUSES:
        return subject
    dead, which = EXCUSES[spec]
    return replace(subject, dead=dead, excuse=f" ({which})")


def run(subject: Subject) -> int:
    """Checks every property, a line each; returns the exit code, 1 where one fails."""
    began = time.monotonic()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        findings = examine(subject, PROPERTIES, line)
    counts = {s: sum(f.status == s for f in findings) for s in ("ok", "failed", "not tried")}
    print(
        f"{counts['ok']} of {len(findings)} properties ok, {counts['failed']} failed, "
        f"{counts['not tried']} not tried, in {time.monotonic() - began:.0f} s"
    )
    return 1 if counts["failed"] else 0


def line(finding: Finding) -> None:
    """Prints one finding; a failure with what the property says."""
    remark = finding.remark
    if finding.status == "failed":
        remark += f" - expected: {finding.property.statement}"
    print(f"{finding.status:<10} {finding.property.name:<30} {remark}", flush=True)
