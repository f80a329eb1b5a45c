"""The coordinates of mNIF and GEM, at places where their released codes' are known."""

import pytest
import torch

from baselines.coordinates import published_coordinates
from baselines.gem import GEM
from baselines.mnif import MNIF
from lift.field import Domain, NeuralField
from tests.baselines.rates import CLAMPED

MIXTURE = {"width": 4, "depth": 1, "bases": 2, "latent": 3, "w0": 30.0, "inner_rates": CLAMPED}
MANIFOLD = {
    "width": 4,
    "depth": 1,
    "latent": 4,
    "rank": 2,
    "w0": 30.0,
    "inner_rates": {"start": 1.0},
}


def fields(domain: Domain) -> list[NeuralField]:
    return [MNIF(domain, **MIXTURE), GEM(domain, output="sigmoid", **MANIFOLD)]


@pytest.mark.parametrize("resolution", [64, 256])
def test_voxels_lie_where_the_lattice_of_256_has_them(resolution: int) -> None:
    """``(i + 1) / 128 - 1`` for the lattice's index i: -0.992 at one corner, 1 at the other."""
    index = torch.tensor([[0, 0, 0], [255, 255, 255], [0, 128, 255], [17, 3, 200]])
    unit = (index.double() + 0.5) / 256
    expected = (index.double() + 1) / 128 - 1
    assert expected[0, 0].item() == pytest.approx(-0.992, abs=2e-4)
    assert expected[1, 0].item() == 1
    for field in fields(Domain(3, resolution, 1)):
        torch.testing.assert_close(field.locate(unit)["coords"], expected, rtol=0, atol=1e-12)


def test_a_coarser_grid_s_voxels_lie_in_the_middle_of_theirs() -> None:
    """A cell of 64 is four of 256: the mean of their coordinates."""
    grid = Domain(3, 64, 1).grid()[0, [0, -1], 0].double()
    found = published_coordinates(grid.reshape(-1, 1).expand(-1, 3), Domain(3, 64, 1))[:, 0]
    first = sum((i + 1) / 128 - 1 for i in range(4)) / 4
    last = sum((i + 1) / 128 - 1 for i in range(252, 256)) / 4
    assert found.tolist() == pytest.approx([first, last], abs=1e-7)


def test_images_include_their_corners() -> None:
    domain = Domain(2, 5, 3)
    for field in fields(domain):
        coords = field.locate(domain.grid())["coords"][0]
        assert coords[0].tolist() == pytest.approx([-1, -1])
        assert coords[1].tolist() == pytest.approx([-1, -0.5])
        assert coords[-1].tolist() == pytest.approx([1, 1])
    assert published_coordinates(torch.rand(3, 2), Domain(2, 1, 1)).tolist() == [[0, 0]] * 3
