"""Labels in the outer loss: a classifier of adapted latents is trained together with the field.

The inner loop sees no label, so that a signal is encoded as ever and its latent then classified;
the weights learn to put into latents what tells classes apart. MetaLF classifies so ("Optimization
Encoders: Rethinking Second-Order Meta-Learning for Neural Fields", 2026), with both losses divided
by their own values; here the cross-entropy has a fixed weight, so that parts of a batch add up.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lift.field import Latent, NeuralField

NAME = "classifier"
"""Of the submodule, and so of its weights in the field's file."""


class LatentClassifier(nn.Module):
    """A head on adapted latents, and what its cross-entropy weighs in the outer loss.

    Args:
        head: scores ``(B, classes)`` of latents.
        weight: of the cross-entropy beside the mean squared error of values in ``[0, 1]``.
    """

    def __init__(self, head: nn.Module, weight: float) -> None:
        super().__init__()
        self.head, self.weight = head, weight

    def forward(self, latent: Latent) -> Tensor:
        """Scores ``(B, classes)``."""
        scores: Tensor = self.head(latent)
        return scores

    def error(self, latent: Latent, labels: Tensor) -> Tensor:
        """What is added to each signal's squared error ``(B,)``; ``labels`` are ``(B,)`` int64."""
        return self.weight * F.cross_entropy(self(latent), labels, reduction="none")

    def right(self, latent: Latent, labels: Tensor) -> Tensor:
        """Whether each signal's class has the highest score ``(B,)``, as numbers."""
        with torch.no_grad():
            return (self(latent).argmax(1) == labels).to(torch.get_default_dtype())


def attach(field: NeuralField, classifier: LatentClassifier) -> None:
    """Makes the classifier part of the field: its weights are trained and stored with it."""
    field.add_module(NAME, classifier)


def classifier_of(field: NeuralField) -> LatentClassifier | None:
    """The field's classifier; None where it has none."""
    return cast("LatentClassifier | None", getattr(field, NAME, None))
