"""The settings of stage 2's generation, and the denoisers that they can name."""

from __future__ import annotations

import importlib
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from torch import nn

from benchmarks.settings.arguments import check_arguments
from benchmarks.settings.cell import Cell
from benchmarks.settings.checking import checked
from benchmarks.settings.merge import Tree, group, leaf_at, sourced
from benchmarks.settings.reading import ConfigError
from lift.diffusion.config import DiffusionConfig, GeometryName
from lift.network_training import TrainingConfig

DENOISERS = {
    "residual_mlp": ("lift.diffusion.residual_mlp", "ResidualMLP"),
    "unet": ("lift.diffusion.unet", "UNet"),
}
"""Key in ``config`` -> module and class; the first argument of each is the latents' shape."""

GIVEN = ("shape",)
"""Arguments of denoisers that are no settings."""


class GenerationConfig(BaseModel):
    """What the latents' distribution is learned with, and how many samples are measured."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    geometry: GeometryName
    places: int = Field(
        default=1, ge=1, description="along each axis of a region of `fused`, each a cell"
    )
    denoiser: str
    network: dict[str, Any]
    diffusion: DiffusionConfig
    train: TrainingConfig
    samples: int = Field(ge=2, description="of one there is no distance of distributions")

    @model_validator(mode="after")
    def _only_fused_latents_have_places(self) -> Self:
        if self.places > 1 and self.geometry != "fused":
            raise ValueError(f"places: {self.places}, geometry: {self.geometry}; expected `fused`")
        return self


def generation_config(cell: Cell, tree: Tree | None = None) -> GenerationConfig:
    """The checked settings of a cell.

    Args:
        tree: the same settings with their places; without it, a mistake names the cell.

    Raises:
        ConfigError: there are none, or one is unknown or wrong.
    """
    training = cell.training
    where = f"generation of {training.method} on {training.dataset}, scale {cell.scale}"
    if cell.generation is None:
        raise ConfigError(
            f"{where}: no settings; expected `generation` in config/methods for this method (not a "
            f"variant) and in config/scales/{cell.scale}.yaml for this data set"
        )
    tree = sourced(cell.generation.settings, where, "generation") if tree is None else tree
    config = checked(GenerationConfig, tree, where, "generation")
    if config.denoiser not in DENOISERS:
        raise ConfigError(
            f"{leaf_at(tree, ('denoiser',))}: {config.denoiser!r} is unknown; "
            f"expected one of {', '.join(DENOISERS)}"
        )
    check_denoiser(config.denoiser, group(tree, "network"), where)
    return config


def check_denoiser(key: str, tree: Tree, where: str) -> type[nn.Module]:
    """The class of a denoiser, its settings checked.

    Raises:
        ConfigError: a setting is unknown, missing or wrong.
    """
    module, name = DENOISERS[key]
    cls: type[nn.Module] = getattr(importlib.import_module(module), name)
    check_arguments(cls, tree, where, "generation.network", GIVEN)
    return cls


def build_denoiser(config: GenerationConfig, shape: tuple[int, ...]) -> nn.Module:
    """A denoiser of latents of one shape, with fresh weights from torch's global generator.

    Raises:
        ConfigError: an unknown, missing or impossible setting.
    """
    key = config.denoiser
    where = f"denoiser {key!r}"
    cls = check_denoiser(key, sourced(config.network, where, "network"), where)
    try:
        return cls(shape, **config.network)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{where}: {error}") from error
