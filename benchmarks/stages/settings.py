"""All settings of a cell, those of its later stages too: checked before the first one begins."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.settings.cell import Cell, merged_settings, resolve
from benchmarks.settings.dataset import load_dataset_config
from benchmarks.settings.fields import sketch_field
from benchmarks.settings.merge import Tree, group
from benchmarks.settings.method import image_classifiers
from benchmarks.settings.scale import load_scale
from benchmarks.settings.trial import RESULTS, split_name
from benchmarks.stages.classification.settings import Classification, resolve_classification
from benchmarks.stages.generation.settings import GenerationConfig, generation_config
from benchmarks.stages.networks import (
    check_classifier_of,
    check_denoiser_of,
    check_head_of,
    head_shapes,
)
from lift.field import Domain


@dataclass(frozen=True)
class Resolved:
    """A cell's settings; a method that classifies pixels has no ``cell``."""

    cell: Cell | None
    generation: GenerationConfig | None
    classification: Classification | None


def resolve_all(
    scale: str, dataset: str, method: str, seed: int, results: Path = RESULTS
) -> Resolved:
    """Whatever a scale says of a method on a data set.

    Args:
        method: of a trial, METHOD+NAME.
        results: where trials are.

    Raises:
        ConfigError: there is no such cell, or a setting of any of its stages is wrong.
    """
    base, _ = split_name(method)
    pixels = base in image_classifiers()
    cell = None if pixels else resolve(scale, dataset, method, seed, results)
    data = load_scale(scale).datasets.get(dataset)
    classified = data and data.classification and base in data.classification.methods
    tree = merged_settings(scale, dataset, method, results)
    found = Resolved(
        cell,
        generation_config(cell, group(tree, "generation")) if cell and cell.generation else None,
        resolve_classification(scale, dataset, method, results) if pixels or classified else None,
    )
    labels = cell.training.fit.labels if cell else None
    if labels or found.generation or found.classification:
        domain = load_dataset_config(dataset).domain
        _check_networks(found, domain, tree, f"{scale}/{dataset}/{method}")
    return found


def _check_networks(found: Resolved, domain: Domain, tree: Tree, where: str) -> None:
    sketch = None
    if found.cell:
        sketch = sketch_field(found.cell.training.field, domain, found.cell.training.settings)
        if labels := found.cell.training.fit.labels:
            check_classifier_of(sketch, labels, tree, where)
        if found.generation:
            check_denoiser_of(sketch, found.generation, tree, where)
    if found.classification:
        settings = found.classification.settings
        check_head_of(head_shapes(sketch, domain, settings, tree), settings, tree, where)
