import numpy as np
import pytest

from benchmarks.datasets.near_surface import near_surface_mask


def by_definition(voxels):
    """The rule, cell by cell."""
    mask = np.zeros(voxels.shape, bool)
    inner = range(1, len(voxels) - 1)
    for i in inner:
        for j in inner:
            for k in inner:
                around = voxels[i - 1 : i + 2, j - 1 : j + 2, k - 1 : k + 2]
                mask[i, j, k] = around.min() != around.max()
    return mask


def random_grid(resolution, share=0.05):
    return (np.random.default_rng(0).random((resolution,) * 3) < share).astype(np.uint8)


def test_an_inner_cell_counts_when_its_neighbourhood_holds_both_values():
    voxels = random_grid(10)
    np.testing.assert_array_equal(near_surface_mask(voxels), by_definition(voxels))


def test_the_surface_of_a_cube_is_two_cells_thick():
    voxels = np.zeros((16, 16, 16), np.float32)
    voxels[4:12, 4:12, 4:12] = 1
    # The 10-cube around it, less the 6-cube inside it.
    assert near_surface_mask(voxels).sum() == 10**3 - 6**3


def test_empty_and_full_grids_have_no_surface():
    for value in (0, 1):
        assert not near_surface_mask(np.full((8, 8, 8), value)).any()


def test_a_limit_keeps_cells_of_every_part_of_the_grid():
    voxels = random_grid(32, 0.3)
    mask = near_surface_mask(voxels, 7000)
    assert mask.sum() == 7000
    assert not (mask & ~by_definition(voxels)).any()
    # The interleaved walk starts with every fourth plane.
    assert set(np.flatnonzero(mask.any((0, 2)))) <= set(range(1, 31, 4))
    assert mask[:, 29].any()


def test_a_grid_that_is_no_cube_or_holds_nan_is_refused():
    with pytest.raises(ValueError, match="expected a cube"):
        near_surface_mask(np.zeros((4, 4, 5)))
    with pytest.raises(ValueError, match="NaN"):
        near_surface_mask(np.full((4, 4, 4), np.nan))
