"""ViT for small images (Dosovitskiy et al., ICLR 2021): a Transformer over square patches.

Seven layers of width 384 with 12 heads and MLPs as wide as the tokens have 6,268,810 parameters on
32x32 images in patches of 4: the 6.27 M that LIFT's CIFAR-10 table prints for ViT/4.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from baselines.classifiers import TransformerClassifier
from lift.field import Latent
from lift.ranges import Count, Positive, Share


class ViT(TransformerClassifier):
    """The baselines' Transformer on patches.

    Args:
        shapes: ``{"pixels": (R, R, C)}``.
        classes: how many.
        patch: side of a patch in pixels, a divisor of ``R``.

    Raises:
        ValueError: the signals are no images that patches tile.
    """

    def __init__(
        self,
        shapes: Mapping[str, tuple[int, ...]],
        classes: int,
        *,
        patch: Count,
        width: Count,
        depth: Count,
        heads: Count,
        mlp_ratio: Positive,
        dropout: Share,
    ) -> None:
        shape = shapes.get("pixels", ())
        if len(shape) != 3 or shape[0] % patch:
            raise ValueError(
                f"signals: {dict(shapes)}, expected pixels (R, R, C) with R a multiple of {patch}"
            )
        side = shape[0] // patch
        super().__init__(
            {"patches": (side, side, patch * patch * shape[-1])},
            classes,
            width=width,
            depth=depth,
            heads=heads,
            mlp_ratio=mlp_ratio,
            dropout=dropout,
        )
        self.patch = patch

    def forward(self, signal: Latent) -> Tensor:
        """Scores ``(B, classes)`` of standardised pixels ``(B, R, R, C)``."""
        split = (-1, self.patch)
        parts = signal["pixels"].unflatten(2, split).unflatten(1, split)  # (B, s, p, s, p, C)
        scores: Tensor = super().forward({"patches": parts.transpose(2, 3).flatten(3)})
        return scores
