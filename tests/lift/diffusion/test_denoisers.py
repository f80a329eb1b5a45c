"""Denoisers: published sizes, what they start as, and what they refuse."""

import pytest
import torch

from lift.diffusion.residual_mlp import ResidualMLP
from lift.diffusion.timestep import sinusoidal
from lift.diffusion.unet import CellLinear, UNet


def unet(shape: tuple[int, ...], *widths: int, cellwise: bool = False) -> UNet:
    return UNet(shape, widths=widths, blocks=1, cellwise=cellwise)


@pytest.mark.parametrize(("latent", "parameters"), [(512, 274_973_248), (1024, 279_168_064)])
def test_the_residual_mlp_has_the_published_size(latent, parameters):
    with torch.device("meta"):
        mlp = ResidualMLP((latent,), width=4096, blocks=8)
    assert sum(parameter.numel() for parameter in mlp.parameters()) == parameters


def test_the_residual_mlp_adds_the_first_half_to_the_second():
    # Blocks start as the identity, so four of them see e, e, e + e, 2e + e: 3e leaves.
    torch.manual_seed(0)
    mlp = ResidualMLP((5,), width=32, blocks=4)
    seen = []
    for block in mlp.blocks:
        block.register_forward_hook(lambda _, inputs, output: seen.append(output))
    noisy = torch.randn(3, 5)
    mlp(noisy, torch.tensor([0, 10, 999]))
    entered = mlp.enter(noisy)
    for output, factor in zip(seen, [1, 1, 2, 3], strict=True):
        torch.testing.assert_close(output, factor * entered)


@pytest.mark.parametrize("cellwise", [False, True])
@pytest.mark.parametrize("shape", [(8, 8, 5), (4, 4, 4, 3)])
def test_the_unet_starts_at_zero_and_learns_every_parameter(shape, cellwise):
    torch.manual_seed(0)
    network = unet(shape, 32, 64, cellwise=cellwise)
    noisy, timestep = torch.randn(2, *shape), torch.tensor([3, 700])
    assert not network(noisy, timestep).any()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.05)
    out = network(noisy, timestep)
    assert out.shape == noisy.shape
    out.square().sum().backward()
    assert all(parameter.grad.any() for parameter in network.parameters())


def test_a_cellwise_map_is_a_linear_map_a_cell():
    torch.manual_seed(0)
    cells = CellLinear((4, 4), 3, 2)
    grid = torch.randn(5, 4, 4, 3)
    mapped = cells(grid)
    for row, column in ((0, 0), (1, 2), (3, 3)):
        place = 4 * row + column
        expected = grid[:, row, column] @ cells.weight[place] + cells.bias[place]
        torch.testing.assert_close(mapped[:, row, column], expected)


def test_a_denoiser_sees_the_time_step_and_not_its_neighbours():
    for network, shape in (
        (ResidualMLP((6,), width=32, blocks=2), (6,)),
        (unet((4, 4, 6), 32, 64), (4, 4, 6)),
    ):
        torch.manual_seed(0)
        for parameter in network.parameters():
            torch.nn.init.normal_(parameter, std=0.05)
        noisy = torch.randn(4, *shape)
        early, late = (network(noisy, torch.full((4,), t)) for t in (10, 900))
        assert (early - late).abs().max() > 1e-4
        alone = network(noisy[:1], torch.tensor([10]))
        torch.testing.assert_close(alone, early[:1], rtol=1e-4, atol=1e-5)


def test_time_embeddings_are_the_published_sinusoids():
    embedding = sinusoidal(torch.tensor([0, 7]), 8)
    torch.testing.assert_close(embedding[0], torch.tensor([1.0] * 4 + [0.0] * 4))
    frequencies = torch.tensor([1.0, 0.1, 0.01, 0.001])
    torch.testing.assert_close(
        embedding[1], torch.cat([(7 * frequencies).cos(), (7 * frequencies).sin()])
    )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ResidualMLP((4, 4, 3), width=32, blocks=2), r"\(4, 4, 3\); expected vectors"),
        (lambda: ResidualMLP((4,), width=40, blocks=2), "width: 40, expected a multiple of 16"),
        (lambda: ResidualMLP((4,), width=32, blocks=3), "blocks: 3, expected a positive even"),
        (lambda: unet((128,), 32), r"\(128,\); expected grids"),
        (lambda: unet((6, 6, 3), 32, 32, 32), "sizes that divide by 4"),
        (lambda: unet((8, 8, 3), 40), "multiples of 32"),
    ],
)
def test_an_impossible_denoiser_is_refused_with_what_was_expected(make, message):
    with pytest.raises(ValueError, match=message):
        make()
