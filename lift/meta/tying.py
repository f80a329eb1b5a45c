"""Regions that share one network for the first steps of a training, and what keeps them alike.

Tied, one network sees every region's points, as many times more a step; it is cheaper too. Later
each region goes on from a copy. Regions that come from one network agree on what a channel of a
latent means, so that a denoiser or classifier over the grid of regions meets one code.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from lift.field import NeuralField
from lift.meta.optimisers import Optimisers


def tie(field: NeuralField) -> None:
    """Makes all regions use the first one's network.

    Raises:
        ValueError: the field has no network of a region's own.
    """
    if not field.regional_parameters():
        raise ValueError(
            f"tied_steps: {type(field).__name__} has no regions with networks of their own; "
            "expected 0"
        )
    _swap(field, lambda values: values[:1])


def untie(field: NeuralField, regions: int, optimisers: Optimisers | None = None) -> None:
    """Gives each of the regions a copy of the one network; values of the field do not change.

    An optimiser's averages are shared out: the one network's gradient was the sum of all regions',
    so that a region's mean is a ``regions``-th of it. So is its mean square, which noise
    dominates: first steps come out smaller, never larger.
    """

    def copies(values: Tensor) -> Tensor:
        return values.expand(regions, *values.shape[1:])

    for old, new in _swap(field, copies):
        if optimisers:
            optimisers.replace(old, new, lambda moment: copies(moment / regions).clone())


def untied_state(field: NeuralField, regions: int) -> dict[str, Tensor]:
    """The field's state with a copy of each tied network for every region, as after `untie`."""
    regional = {id(parameter) for parameter in field.regional_parameters()}
    named = [name for name, parameter in field.named_parameters() if id(parameter) in regional]
    return {
        name: value.expand(regions, *value.shape[1:]) if name in named else value
        for name, value in field.state_dict().items()
    }


def _swap(
    field: NeuralField, change: Callable[[Tensor], Tensor]
) -> list[tuple[nn.Parameter, nn.Parameter]]:
    """Puts new parameters in the place of the regional ones: autograd remembers the old shape."""
    regional = {id(parameter) for parameter in field.regional_parameters()}
    swapped = []
    for name, old in list(field.named_parameters()):
        if id(old) not in regional:
            continue
        owner, _, leaf = name.rpartition(".")
        new = nn.Parameter(change(old.detach()).clone())
        setattr(field.get_submodule(owner), leaf, new)
        swapped.append((old, new))
    return swapped


@torch.no_grad()
def bring_together(field: NeuralField, share: float) -> None:
    """Regions' networks lose this share of their difference from the mean network."""
    for parameter in field.regional_parameters():
        parameter.lerp_(parameter.mean(0, keepdim=True).expand_as(parameter), share)
