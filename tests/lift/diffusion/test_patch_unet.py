"""The network that denoises latents as pictures."""

import pytest
import torch

from lift.diffusion.patch_unet import PatchUNet


def network(patterns, *, inputs=1, channels=3, dimensions=2, stride=2) -> PatchUNet:
    torch.manual_seed(0)
    made = PatchUNet(
        (*[4] * dimensions, patterns.shape[1]),
        patterns=patterns,
        channels=channels,
        inputs=inputs,
        stride=stride,
        widths=(32, 64),
        blocks=1,
    )
    for parameter in made.parameters():  # also the layers that start at zero
        torch.nn.init.normal_(parameter, std=0.1)
    return made.eval()


def orthonormal(numbers: int, count: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.linalg.qr(torch.randn(numbers, count, generator=generator)).Q


@pytest.mark.parametrize("inputs", [1, 2])
@pytest.mark.parametrize(
    ("numbers", "channels", "dimensions"), [(4 * 4 * 3, 3, 2), (2 * 2 * 2, 1, 3)]
)
def test_it_depends_on_what_is_drawn_alone(inputs, numbers, channels, dimensions):
    """Other patterns that draw the same space: the same picture comes out."""
    patterns, turn = orthonormal(numbers, 6), orthonormal(6, 6)
    settings = {"inputs": inputs, "channels": channels, "dimensions": dimensions}
    noisy = torch.randn(2, *[4] * dimensions, inputs * 6)
    steps = torch.tensor([3, 700])
    turned = torch.cat([part @ turn for part in noisy.chunk(inputs, -1)], -1)
    with torch.no_grad():
        first = network(patterns, **settings)(noisy, steps)
        second = network(patterns @ turn, **settings)(turned, steps)
    assert first.shape == (2, *[4] * dimensions, 6)
    assert first.std() > 1e-3
    torch.testing.assert_close(second, first @ turn, rtol=1e-3, atol=1e-4 * first.std().item())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"stride": 3}, "stride: 3, expected a divisor of a patch's 4 points"),
        ({"channels": 2}, r"patterns: \(48, 6\) for latents \(4, 4, 6\) of 2 channels"),
    ],
)
def test_what_does_not_fit_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        network(orthonormal(48, 6), **change)
