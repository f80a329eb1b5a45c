"""What configuration says about classification: heads, their training, the labelled signals."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from benchmarks.settings.reading import Data, Distinct
from lift.precision import Precision


class ClassificationSettings(Data):
    """A classifier and its training, in ``config/methods`` and ``config/image_classifiers``."""

    head: str = Field(description="a name of benchmarks/stages/classification/heads.py")
    settings: dict[str, Any] = Field(description="constructor arguments of the head")
    copies: Distinct[Annotated[int, Field(ge=1)]] = Field(
        min_length=1, description="one training for each; the first is the method's main number"
    )
    geometry: Literal["scales", "fused"] = Field(
        default="scales", description="every latent under its name, or LIFT's fused one alone"
    )
    divide_by: float | None = Field(
        gt=0, description="latents are divided by it; null standardises each channel"
    )
    label_smoothing: float = Field(ge=0, lt=1)
    mix: bool = Field(default=False, description="MixUp or CutMix, of one grid in the plane")
    training: dict[str, Any] = Field(description="as lift.network_training.TrainingConfig")


class LabelledSignals(Data):
    """How many labelled signals, evenly spaced; null takes all that there are."""

    train: int | None = Field(default=None, ge=1)
    validation: int = Field(ge=1, description="signals of the training split kept for choices")
    test: int | None = Field(default=None, ge=1)


class CopyEncoding(Data):
    """How the copies are encoded; in bfloat16 faster, and a little less exact."""

    batch: int = Field(default=32, ge=1)
    precision: Precision = "float32"


class ClassificationScale(Data):
    """Classification of one data set in a scale.

    ``methods`` are some of the scale's, and classifiers of pixels. ``overrides`` change a
    method's published settings; keys of ``settings`` and ``training`` one by one, ``training`` of
    the data set before that of the method.
    """

    methods: Distinct[str] = Field(min_length=1)
    signals: LabelledSignals
    encoding: CopyEncoding = CopyEncoding()
    training: dict[str, Any] = Field(default={})
    overrides: dict[str, dict[str, Any]] = Field(default={})
