"""How a field is meta-learned, as configuration files say it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from lift.meta.inner_loop import OuterGradient
from lift.precision import Precision

COMPILING_PAYS = 1000
"""Steps of a training from which minutes of compiling are worth trying."""


class FitConfig(BaseModel):
    """How a field is meta-learned. Rates belong to losses that are means over one signal."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    inner_steps: int = Field(ge=1)
    order: OuterGradient
    batch: int = Field(ge=1)
    steps: int = Field(ge=1)
    rate: float = Field(gt=0, description="outer Adam step size")
    schedule: Literal["constant", "cosine"]
    clip: float | None = Field(gt=0, description="largest norm of the outer gradient")
    latent_noise: float = Field(ge=0, description="standard deviation of the first latent")
    stride: int = Field(ge=1, description="one jittered point in every stride**D block; 1: all")
    precision: Precision = "float32"
    compile: bool | Literal["auto"] = Field(
        default=False, description="auto: in a long training, if it is faster here"
    )
    log_every: int = Field(default=50, ge=1)
    validate_every: int = Field(default=500, ge=1)
    snapshots: bool = Field(default=False, description="keep the weights of every validation")
    checkpoint_seconds: float = Field(default=60, ge=0)

    @property
    def compiles(self) -> bool:
        """Whether compiled kernels are worth trying: asked for, or ``auto`` and a long training."""
        return self.compile is True or (self.compile == "auto" and self.steps >= COMPILING_PAYS)
