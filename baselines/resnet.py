"""ResNet for 32x32 images (He et al., CVPR 2016), from torchvision's bottleneck.

The stem is one 3x3 convolution without pooling, as usual on CIFAR: with 10 classes ResNet-50 then
has 23,520,842 parameters, the 23.52 M that LIFT's CIFAR-10 table prints.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from lift.field import Latent
from lift.ranges import Count


class ResNet(nn.Module):
    """Stages of bottlenecks; each stage but the first halves the grid and doubles the width.

    Args:
        shapes: ``{"pixels": (R, R, C)}``.
        classes: how many.
        width: inner channels of the first stage; ResNet-50 has 64.
        depths: bottlenecks a stage; ResNet-50 has 3, 4, 6, 3.

    Raises:
        ValueError: the signals are not images.
    """

    def __init__(
        self,
        shapes: Mapping[str, tuple[int, ...]],
        classes: int,
        *,
        width: Count,
        depths: Sequence[Count],
    ) -> None:
        # Where torchvision does not fit the installed torch, its importer must have been here.
        from torchvision.models.resnet import Bottleneck  # noqa: PLC0415

        super().__init__()
        shape = shapes.get("pixels", ())
        if len(shape) != 3:
            raise ValueError(f"signals: {dict(shapes)}, expected pixels (R, R, C)")
        channels = width
        layers: list[nn.Module] = [
            nn.Conv2d(shape[-1], width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
        ]
        for stage, depth in enumerate(depths):
            inner = width * 2**stage
            outer = inner * Bottleneck.expansion
            for place in range(depth):
                stride = 2 if stage and not place else 1
                shortcut = (
                    None
                    if place
                    else nn.Sequential(
                        nn.Conv2d(channels, outer, 1, stride, bias=False), nn.BatchNorm2d(outer)
                    )
                )
                layers.append(Bottleneck(channels, inner, stride, shortcut))
                channels = outer
        self.layers = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.read = nn.Linear(channels, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, signal: Latent) -> Tensor:
        """Scores ``(B, classes)`` of standardised pixels ``(B, R, R, C)``."""
        scores: Tensor = self.read(self.layers(signal["pixels"].movedim(-1, 1)))
        return scores
