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
from benchmarks.stages.classification.heads import Shapes, build_head
from benchmarks.stages.generation.settings import GenerationConfig, build_denoiser
from lift.diffusion.geometry import Scales
from lift.field import Domain
from lift.model import LIFT

CLASSES = 2
"""Of the heads that are built here; a data set has its own number once it is prepared."""


def pixel_shapes(domain: Domain) -> dict[str, tuple[int, ...]]:
    """Of one signal ``(R, ..., R, C)``, as a classifier of pixels takes it."""
    return {"pixels": (*(domain.resolution,) * domain.dimensions, domain.channels)}


def fused_shape(field: LIFT) -> tuple[int, ...]:
    """Of one fused latent, ``(P, ..., P, d)``."""
    return (*[field.regions_per_axis] * field.domain.dimensions, field.latent_channels[2])


def latent_shapes(sketch: Sketch, settings: ClassificationSettings) -> Shapes:
    """Of one signal's latents as a head takes them."""
    if settings.geometry == "scales":
        return sketch.latents
    assert isinstance(sketch.field, LIFT)  # as `resolve_classification` sees to
    return {"fused": fused_shape(sketch.field)}


def check_denoiser_of(sketch: Sketch, config: GenerationConfig, tree: Tree, where: str) -> None:
    """Builds the denoiser of a field's latents, and has it see two of them.

    Args:
        tree: all settings of the cell, with their places.
        where: names the cell.

    Raises:
        ConfigError: it cannot be built, or no denoiser sees these latents as is asked.
    """
    field, inputs = sketch.field, 1
    if config.geometry == "scales":
        shape = Scales(dict(sketch.latents), {}, {}).shape
    elif isinstance(field, LIFT):
        # How many patterns `patches` keeps, only the trained latents say; any number will do.
        shape = fused_shape(field) if config.geometry == "fused" else (*fused_shape(field)[:-1], 1)
    else:
        raise ConfigError(
            f"{leaf_at(tree, ('generation', 'geometry'))}: {config.geometry!r} for a "
            f"{type(field).__name__}; expected 'scales', only LIFT fuses"
        )
    drawing: dict[str, Any] = {}
    if config.denoiser == "patch_unet":
        side, inputs = field.domain.resolution // shape[0], 1 + bool(config.diffusion.gaussian)
        numbers = side**field.domain.dimensions * field.domain.channels
        patterns = torch.empty(numbers, shape[-1], device="meta")
        drawing = {"patterns": patterns, "channels": field.domain.channels, "inputs": inputs}
    noisy = (2, *shape[:-1], inputs * shape[-1])
    _try(
        lambda: build_denoiser(config.denoiser, shape, config.network, drawing),
        lambda: (torch.zeros(noisy), torch.zeros(2)),
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
