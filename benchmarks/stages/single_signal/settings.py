"""``config/single_signal.yaml``: tasks, networks, and how much of each a scale runs."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PositiveFloat,
    field_validator,
)

from benchmarks.settings import folders
from benchmarks.settings.reading import read_yaml

TaskName = Literal["audio", "image", "denoising", "super_resolution", "inpainting", "occupancy"]
FITTING: tuple[TaskName, ...] = ("audio", "image", "occupancy")
"""Tasks whose target is what is observed: the fit itself is the measure."""


def _distinct(seeds: list[int]) -> list[int]:
    if len(set(seeds)) < len(seeds):
        raise ValueError(f"{seeds}: expected each seed once")
    return seeds


Seeds = Annotated[list[int], Field(min_length=1), AfterValidator(_distinct)]
PHOTOGRAPH = 512
"""Side of the astronaut in pixels."""


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TaskSettings(_Data):
    """A task's rates and what depends on its frequencies."""

    rate: float = Field(gt=0, description="the protocol's")
    rates: list[PositiveFloat] = Field(description="tried beside it")
    decay: float = Field(gt=0, le=1, description="last rate over first, the protocol's")
    first_w0: float = Field(gt=0)
    encoding_divisor: int = Field(
        1, ge=1, description="the positional encoding is for the longest side's samples over this"
    )
    networks: dict[str, dict[str, float]] = Field(
        {}, description="a network's constants that differ for this task, `first_w0` among them"
    )


class NetworkSettings(_Data):
    """A network's own constants."""

    title: str
    w0: float | None = None
    sigma: float | None = None
    first_bias: float | None = None


class TaskSizes(_Data):
    """Sizes of one task that differ from its scale's."""

    width: int = Field(ge=1)
    steps: int = Field(ge=1)
    points: int | None = Field(None, ge=1, description="null takes the scale's")
    search_steps: int | None = Field(None, ge=1, description="null takes the scale's")
    seeds: Seeds | None = Field(None, description="null takes the scale's")


class ScaleSizes(_Data):
    """Sizes that all networks share, and the budget."""

    width: int = Field(ge=1)
    hidden: int = Field(ge=1)
    steps: int = Field(ge=1)
    points: int = Field(
        ge=1, description="random points a step; where there are no more, all of them"
    )
    decay: float | None = Field(
        None, gt=0, le=1, description="last rate over first; null takes the task's"
    )
    search_steps: int = Field(ge=1)
    search_points: int | None = Field(
        None, ge=1, description="random points a step of a search; null takes as many as `points`"
    )
    seeds: Seeds = Field([0], description="of whole trainings; a search has the first alone")
    compile: bool = Field(False, description="whole trainings; a search is too short for it")
    image_size: int = Field(
        64,
        ge=16,
        description="side of the square that the astronaut is reduced to, a divisor of its 512",
    )
    photographs: list[int] = Field(
        [],
        description="Kodak numbers in place of the astronaut: the image task fits them all, and "
        "chooses on the first; other tasks use the first",
    )
    voxels: int = Field(ge=1, description="cells a side of the shape")
    audio_samples: int | None = Field(
        ge=256, description="null takes the recording, else a synthetic clip"
    )
    tasks: dict[TaskName, TaskSizes] = Field({}, description="what differs for a task")

    @field_validator("image_size")
    @classmethod
    def _divides(cls, value: int) -> int:
        if PHOTOGRAPH % value:
            raise ValueError(
                f"a photograph of {PHOTOGRAPH} pixels a side cannot be reduced to {value} exactly; "
                "expected 16, 32, 64, 128, 256 or 512"
            )
        return value


class SpectralBiasSettings(_Data):
    """SIREN and ReLIFT on a sum of sines, followed frequency by frequency."""

    frequencies: list[float] = Field(
        min_length=1, description="Hz over two seconds, multiples of 1/2"
    )
    samples: int = Field(ge=8)
    width: int
    hidden: int
    first_w0: float
    rate: float
    gamma: float
    steps: dict[str, int]


class SingleSignalConfig(_Data):
    """The whole comparison."""

    tasks: dict[TaskName, TaskSettings]
    methods: dict[str, NetworkSettings]
    first_factors: list[PositiveFloat] = Field(
        description="tried beside 1 on the first layer's frequencies; ReLIFT's is its gamma"
    )
    hidden_factors: list[PositiveFloat] = Field(
        description="tried beside 1 on the other layers' frequencies"
    )
    muon_factors: list[PositiveFloat] = Field(
        min_length=1, description="tried for Muon's rate, times the rate that was found for Adam"
    )
    scales: dict[str, ScaleSizes]
    spectral_bias: SpectralBiasSettings
    published: dict[TaskName, dict[str, float]]

    def sizes(self, scale: str, task: TaskName) -> ScaleSizes:
        """A scale's sizes, with what a task changes of them."""
        shared = self.scales[scale]
        own = shared.tasks.get(task)
        return shared.model_copy(update=own.model_dump(exclude_none=True)) if own else shared


def load_single_signal() -> SingleSignalConfig:
    """Reads and checks the file.

    Raises:
        ConfigError: it is missing or wrong.
    """
    return read_yaml(folders.CONFIG / "single_signal.yaml", SingleSignalConfig)
