"""How a denoiser is asked and sampled: configuration alone, quick to import."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

STEPS = 1000
"""Steps of noise in training."""


class DiffusionConfig(BaseModel):
    """What a denoiser predicts, how its error counts, and how it is sampled.

    A predictor of the sample may weigh its squared error at noise variance ``v`` by ``1 / v``,
    which makes it the error of the velocity (Salimans and Ho, ICLR 2022), up to
    ``largest_weight``: all weighed alike, details that drown in little noise hardly count.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    predicts: Literal["sample", "epsilon"]
    sampler: Literal["ancestral", "ddim"]
    sampling_steps: int = Field(ge=1, le=STEPS)
    largest_weight: float = Field(default=1.0, ge=1)

    @model_validator(mode="after")
    def _weighs_samples(self) -> DiffusionConfig:
        if self.predicts != "sample" and self.largest_weight != 1:
            raise ValueError(
                f"largest_weight: {self.largest_weight} with predicts: {self.predicts}; only a "
                "predictor of the sample weighs its error"
            )
        return self
