"""How a denoiser is asked and sampled: configuration alone, quick to import."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

STEPS = 1000
"""Steps of noise in training."""


class DiffusionConfig(BaseModel):
    """What a denoiser predicts and how it is sampled.

    ``v_prediction`` is the velocity of Salimans and Ho (ICLR 2022): the noise where there is
    little of it, the negative sample where there is nothing else.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    predicts: Literal["sample", "epsilon", "v_prediction"]
    sampler: Literal["ancestral", "ddim"]
    sampling_steps: int = Field(ge=1, le=STEPS)
