"""Stage 2's networks, built and run once without memory before anything is trained.

What they are built for, the latents' shape, follows from the field's settings.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from benchmarks.settings.arguments import refused
from benchmarks.settings.classification import ClassificationSettings
from benchmarks.settings.fields import Sketch
from benchmarks.settings.merge import Tree, group, leaf_at
from benchmarks.settings.reading import ConfigError
from benchmarks.stages.classification.heads import Shapes, build_head, check_head
from benchmarks.stages.generation.settings import GenerationConfig, build_denoiser
from lift.diffusion.geometry import Scales
from lift.diffusion.places import places_shape
from lift.field import Domain
from lift.meta.config import LabelsConfig
from lift.model import LIFT

CLASSES = 2
"""Of the heads that are built here; a data set has its own number once it is prepared."""


def head_shapes(
    sketch: Sketch | None, domain: Domain, settings: ClassificationSettings, tree: Tree
) -> Shapes:
    """Of one signal as a head takes it.

    Args:
        sketch: of the field whose latents are classified; None where pixels are.

    Raises:
        ConfigError: fused latents are asked of a field that has none.
    """
    if settings.geometry == "fused":
        return {"fused": _fused_shape(sketch, tree, "classification")}
    if sketch:
        return sketch.latents
    return {"pixels": (*(domain.resolution,) * domain.dimensions, domain.channels)}


def _fused_shape(sketch: Sketch | None, tree: Tree, stage: str, places: int = 1) -> tuple[int, ...]:
    """Of LIFT's fused latent, ``(P, ..., P, d)``, with so many places along a region's axis."""
    field = sketch.field if sketch else None
    if not isinstance(field, LIFT):
        leaf = leaf_at(tree, (stage, "geometry"))
        given = type(field).__name__ if field else "classifier of pixels"
        said = f"{leaf}: {leaf.value!r} for a {given}" if leaf else f"{stage}: no geometry"
        raise ConfigError(f"{said}; expected 'scales', only LIFT fuses")
    try:
        return places_shape(field, places)
    except ValueError as error:
        raise ConfigError(f"{leaf_at(tree, (stage, 'places'))}: {error}") from error


def check_denoiser_of(sketch: Sketch, config: GenerationConfig, tree: Tree, where: str) -> None:
    """Builds the denoiser of a field's latents, and has it see two of them.

    Args:
        tree: all settings of the cell, with their places.
        where: names the cell.

    Raises:
        ConfigError: it cannot be built, or no denoiser sees these latents as is asked.
    """
    if config.geometry == "scales":
        shape = Scales(dict(sketch.latents), {}, {}).shape
    else:
        shape = _fused_shape(sketch, tree, "generation", config.places)
    _try(
        lambda: build_denoiser(config, shape),
        lambda: (torch.zeros(2, *shape), torch.zeros(2)),
        group(tree, "generation", "network"),
        where,
        "generation.network",
    )


def check_head_of(shapes: Shapes, settings: ClassificationSettings, tree: Tree, where: str) -> None:
    """Builds the head of signals of these shapes, and has it see two of them.

    Args:
        tree: all settings of the cell, with their places.
        where: names the cell.

    Raises:
        ConfigError: it cannot be built, or what cannot be mixed should be.
    """
    if settings.mix and [len(shape) for shape in shapes.values()] != [3]:
        raise ConfigError(
            f"{leaf_at(tree, ('classification', 'mix'))}: true with {dict(shapes)}; expected one "
            "grid (R, R, C): pixels, or LIFT's latents with geometry: fused"
        )
    _try(
        lambda: build_head(settings.head, shapes, CLASSES, settings.settings),
        lambda: ({name: torch.zeros(2, *shape) for name, shape in shapes.items()},),
        group(tree, "classification", "settings"),
        where,
        "classification.settings",
    )


def check_classifier_of(sketch: Sketch, labels: LabelsConfig, tree: Tree, where: str) -> None:
    """Builds the head that is trained with a field, and has it see two latents.

    Args:
        tree: all settings of the cell, with their places.
        where: names the cell.

    Raises:
        ConfigError: no head has this key, or it cannot be built.
    """
    name, settings = "fit.labels.settings", group(tree, "fit", "labels", "settings")
    check_head(labels.head, settings, where, name)
    _try(
        lambda: build_head(labels.head, sketch.latents, CLASSES, labels.settings),
        lambda: ({name: torch.zeros(2, *shape) for name, shape in sketch.latents.items()},),
        settings,
        where,
        name,
    )


def _try(
    build: Callable[[], nn.Module],
    inputs: Callable[[], tuple[Any, ...]],
    tree: Tree,
    where: str,
    name: str,
) -> None:
    with torch.random.fork_rng(devices=()), torch.device("meta"), torch.no_grad():
        try:
            network = build().eval()
        except Exception as error:
            said = error.__cause__ if isinstance(error, ConfigError) else None
            own = said if isinstance(said, Exception) else error  # without the network's key
            raise refused(own, tree, where, name) from error
        try:
            network(*inputs())
        except Exception as error:  # which names no setting: all of them are shown
            said = ValueError(f"{type(error).__name__}: {error}")
            raise refused(said, tree, where, name) from error
