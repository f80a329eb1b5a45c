"""What one job of each rule asks of a cluster: ``config/resources.yaml``, changed by a scale."""

from __future__ import annotations

from pydantic import Field

from benchmarks.settings import folders
from benchmarks.settings.checking import checked
from benchmarks.settings.merge import group, merge, sourced
from benchmarks.settings.reading import Data, read_mapping
from benchmarks.settings.scale import scale_tree

FILE = "resources.yaml"


class Needs(Data):
    """One job's share of a node."""

    gpus: int = Field(ge=0, le=1, description="how many it computes on where there are any")
    cpus: int = Field(ge=1, description="CPUs where the scale leaves its threads open")
    memory_gb: float = Field(gt=0, description="main memory, 10^9 bytes")
    minutes: int = Field(ge=1, description="of one attempt")


class Shared(Needs):
    """Of a rule with a stage whose work several processes share, a GPU each."""

    gpus: int = Field(ge=0, description="how many it computes on where there are so many")


class Resources(Data):
    """Every rule that a scheduler runs; ``cell`` is a cell that runs as one job."""

    prepare: Needs
    fit: Shared
    measure: Shared
    generate: Shared
    classify: Needs
    classify_pixels: Needs
    cell: Needs
    ablation: Needs
    learning_curve: Needs
    single_signal: Needs
    spectral_bias: Needs
    cost: Needs

    def of(self, rule: str) -> Needs:
        """The needs of a rule by its name."""
        needs: Needs = getattr(self, rule)
        return needs


def load_resources(scale: str) -> Resources:
    """The needs of every rule in a scale.

    Raises:
        ConfigError: a rule or a key is unknown, or a value is wrong; the message names its file.
    """
    path = folders.CONFIG / FILE
    base = sourced(read_mapping(path), folders.shown(path))
    tree = merge(base, group(scale_tree(scale), "resources"))
    return checked(Resources, tree, folders.shown(path))
