"""Which properties are checked, in which order, and the lines that say how it went."""

from __future__ import annotations

import time
import warnings

from benchmarks.checks.coordinates import OF_VALUES
from benchmarks.checks.counting import OF_COST
from benchmarks.checks.gradients import OF_GRADIENTS
from benchmarks.checks.keeping import OF_EVALUATION, OF_STATE
from benchmarks.checks.latents import OF_ENCODING, OF_ONE_FIELD
from benchmarks.checks.learning import OF_LEARNING
from benchmarks.checks.property import Finding, Property, examine
from benchmarks.checks.subject import Subject

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
