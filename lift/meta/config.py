"""How a field is meta-learned, as configuration files say it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from lift.meta.outer import OuterGradient
from lift.precision import Precision


class LabelsConfig(BaseModel):
    """Labels in the outer loss, `lift.meta.labels`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    weight: float = Field(gt=0, allow_inf_nan=False, description="of the cross-entropy")
    head: str = Field(description="a name of benchmarks/stages/classification/heads.py")
    settings: dict[str, Any] = Field(default={}, description="constructor arguments of the head")


class FitConfig(BaseModel):
    """How a field is meta-learned. Rates belong to losses that are means over one signal."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    inner_steps: int = Field(ge=1)
    gradient: OuterGradient
    micro_batch: int | None = Field(
        default=None, ge=1, description="signals of a batch that a step takes at once; null: all"
    )
    compile: bool = False
    precision: Precision = "float32"
    batch: int = Field(ge=1)
    steps: int = Field(ge=1)
    rate: float = Field(gt=0, allow_inf_nan=False, description="outer Adam step size")
    rates_rate: float | None = Field(
        default=None,
        gt=0,
        allow_inf_nan=False,
        description="Adam step size of learned inner rates, which clip then leaves out; "
        "null: as all weights",
    )
    muon_rate: float | None = Field(
        default=None,
        gt=0,
        allow_inf_nan=False,
        description="Muon step size of square hidden matrices; null: Adam takes them too",
    )
    schedule: Literal["constant", "cosine"]
    warmup: int = Field(default=0, ge=0, description="steps of linear warm-up, part of `steps`")
    clip: float | None = Field(gt=0, description="largest norm of the outer gradient")
    tied_steps: int = Field(
        default=0, ge=0, description="first steps in which all regions share one network"
    )
    agreement: float = Field(
        default=0, ge=0, lt=1, description="how much of their difference regions lose a step"
    )
    labels: LabelsConfig | None = Field(
        default=None,
        exclude_if=lambda labels: labels is None,  # what was trained without them stays current
        description="classifies adapted latents in the outer loss; null: reconstruction alone",
    )
    latent_noise: float = Field(ge=0, description="standard deviation of the first latent")
    stride: int = Field(ge=1, description="one jittered point in every stride**D block; 1: all")
    kept: Literal["float32", "float16", "bfloat16"] = Field(
        default="float32", description="what weights are rounded to at the end, and stored in"
    )
    log_every: int = Field(default=50, ge=1)
    validate_every: int = Field(default=500, ge=1)
    snapshots: bool = Field(default=False, description="keep the weights of every validation")
    checkpoint_seconds: float = Field(default=60, ge=0)

    def identity(self) -> dict[str, Any]:
        """The settings that change weights, as a JSON value: not what only watches a training."""
        watching = {"log_every", "validate_every", "snapshots", "checkpoint_seconds"}
        return self.model_dump(mode="json", exclude=watching)

    def calmer(self) -> str:
        """What to change of a training that diverges."""
        return (
            f"Lower fit.rate (now {self.rate}) or the field's inner rates, or set fit.clip (now "
            f"{self.clip})"
        )
