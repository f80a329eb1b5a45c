"""What the speed suite measures: methods at their published sizes, on random signals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from benchmarks.settings.dataset import load_dataset_config
from benchmarks.settings.fields import build_field
from benchmarks.settings.method import find_method, published_settings
from lift.field import NeuralField, Query
from lift.sampling import jittered_points


@dataclass(frozen=True)
class Case:
    """A method on one of the published data sets.

    ``few`` are the batches of the quick subset. Where ``compiled`` is false, that subset does not
    compile the case, because it would take most of its time.
    """

    title: str
    method: str
    dataset: str
    few: tuple[int, ...]
    compiled: bool = True

    @property
    def name(self) -> str:
        """Names the case in tests and files."""
        return f"{self.method}-{self.dataset}"


CASES = (
    Case("LIFT, CIFAR-10", "lift", "cifar10", (16, 32)),
    Case("Functa, CIFAR-10", "functa", "cifar10", (16,), compiled=False),
    Case("Spatial Functa, CIFAR-10", "spatial_functa", "cifar10", (16,)),
    Case("mNIF-S, CelebA-HQ 64²", "mnif_s", "celebahq64", (8,)),
    Case("LIFT, CelebA-HQ 64²", "lift", "celebahq64", (8,)),
    Case("LIFT, ShapeNet 64³", "lift", "shapenet64", (1,), compiled=False),
    Case("mNIF-L, CelebA-HQ 64²", "mnif_l", "celebahq64", (4,)),
)


class Workload(NamedTuple):
    """A field, the points that one training step reads, and values there for one signal."""

    field: NeuralField
    query: Query
    values: Tensor

    def to(self, device: torch.device | str) -> Workload:
        """The same elsewhere; on ``meta`` there are shapes alone."""
        query = {name: tensor.to(device) for name, tensor in self.query.items()}
        return Workload(self.field.to(device), query, self.values.to(device))

    def batch(self, size: int) -> Tensor:
        """Random values ``(size, N, C)``."""
        return torch.rand(size, *self.values.shape[1:], device=self.values.device)


def workload(case: Case, every: int = 1) -> Workload:
    """Builds a case on the CPU, with fresh weights and the published number of points a step.

    Args:
        every: one in so many of these points, for a try.
    """
    settings = published_settings(case.method, case.dataset)
    domain = load_dataset_config(case.dataset).domain
    torch.manual_seed(0)
    field = build_field(find_method(case.method).field, domain, settings.field)
    coords = domain.grid()
    if settings.fit.stride > 1:
        coords = coords[:, torch.from_numpy(jittered_points(domain, settings.fit.stride, 0, 0))]
    coords = coords[:, ::every]
    values = torch.zeros(1, coords.shape[1], domain.channels)
    return Workload(field, field.locate(coords), values)
