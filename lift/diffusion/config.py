"""How a denoiser is asked and sampled: configuration alone, quick to import."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

STEPS = 1000
"""Steps of noise in training."""

GeometryName = Literal["scales", "fused"]
"""How a denoiser sees latents; only LIFT's are fused."""


class DiffusionConfig(BaseModel):
    """How a denoiser, which predicts the clean latent, is sampled.

    ``ancestral`` is DDPM's, ``dpm`` DPM-Solver++ of second order.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    sampler: Literal["ancestral", "ddim", "dpm"]
    sampling_steps: int = Field(ge=1, le=STEPS)

    @model_validator(mode="after")
    def _one_step_is_not_ancestral(self) -> DiffusionConfig:
        if self.sampler == "ancestral" and self.sampling_steps == 1:
            raise ValueError(
                "sampling_steps: 1 with sampler: ancestral, which returns its noise; "
                "expected 2 or more, or sampler: ddim"
            )
        return self
