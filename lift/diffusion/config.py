"""How a denoiser is asked and sampled: configuration alone, quick to import."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

STEPS = 1000
"""Steps of noise in training."""

GeometryName = Literal["scales", "fused", "patches"]
"""How a denoiser sees latents; only LIFT's are fused or seen as patches."""


class DiffusionConfig(BaseModel):
    """What a denoiser predicts, what it knows beforehand, and how it is sampled.

    ``gaussian`` of the training latents' principal axes are known to a denoiser that adds to a
    Gaussian's (`lift.diffusion.gaussian`); without, it learns everything.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    predicts: Literal["sample", "epsilon"]
    sampler: Literal["ancestral", "ddim"]
    sampling_steps: int = Field(ge=1, le=STEPS)
    gaussian: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _gaussian_gives_samples(self) -> DiffusionConfig:
        if self.gaussian and self.predicts != "sample":
            raise ValueError(
                f"gaussian: {self.gaussian} with predicts: {self.predicts}; a Gaussian's denoiser "
                "predicts the sample"
            )
        return self
