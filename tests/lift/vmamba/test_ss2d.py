"""Scan directions on grids of one to three dimensions."""

import pytest
import torch

from lift.vmamba.ss2d import SS2D, cross_merge, cross_scan

SIDES = {1: (6,), 2: (4, 4), 3: (3, 3, 3)}


def test_four_directions_of_a_picture():
    grid = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
    assert cross_scan(grid)[0, :, 0].tolist() == [
        [1, 2, 3, 4],  # rows
        [1, 3, 2, 4],  # columns
        [4, 3, 2, 1],
        [4, 2, 3, 1],
    ]


@pytest.mark.parametrize("dimensions", SIDES)
def test_merging_what_was_scanned_gives_every_cell_once_a_direction(dimensions):
    grid = torch.randn(2, 5, *SIDES[dimensions])
    sequences = cross_scan(grid)
    assert sequences.shape == (2, 2 * dimensions, 5, grid[0, 0].numel())
    merged = cross_merge(sequences, SIDES[dimensions])
    assert torch.allclose(merged, 2 * dimensions * grid, atol=1e-5)


@pytest.mark.parametrize("dimensions", SIDES)
def test_each_direction_orders_the_cells_differently(dimensions):
    cells = torch.arange(3.0**dimensions).reshape(1, 1, *(3,) * dimensions)
    orders = {tuple(order) for order in cross_scan(cells)[0, :, 0].tolist()}
    assert len(orders) == 2 * dimensions


def block(dimensions):
    torch.manual_seed(0)
    return SS2D(dimensions, 6, expand=2.0, states=2).double()


def with_directions(block, order, flipped_axes=()):
    """The same block, its directions renamed and its kernel flipped or transposed with them."""
    other = block_like(block)
    channels = block.select.shape[2]
    for name in ("select", "steps"):
        getattr(other, name).data = getattr(block, name).data[order]
    for name in ("step_bias", "skip"):
        getattr(other, name).data = getattr(block, name).data.view(-1, channels)[order].flatten()
    decay = block.log_decay.data.view(-1, channels, block.states)[order]
    other.log_decay.data = decay.flatten()
    kernel = block.convolution.weight.data
    other.convolution.weight.data = kernel.flip(flipped_axes) if flipped_axes else kernel.mT
    return other


def block_like(block):
    other = SS2D(block.directions // 2, 6, expand=2.0, states=2).double()
    other.load_state_dict(block.state_dict())
    return other


def test_a_transposed_picture_swaps_rows_and_columns():
    one = block(2)
    other = with_directions(one, [1, 0, 3, 2])
    grid = torch.randn(2, 4, 4, 6, dtype=torch.float64)
    assert torch.allclose(other(grid.transpose(1, 2)), one(grid).transpose(1, 2), atol=1e-12)
    assert not torch.allclose(one(grid.transpose(1, 2)), one(grid).transpose(1, 2), atol=1e-3)


@pytest.mark.parametrize("dimensions", SIDES)
def test_a_grid_turned_around_swaps_there_and_back(dimensions):
    one = block(dimensions)
    half = list(range(dimensions))
    order = [dimensions + place for place in half] + half
    other = with_directions(one, order, tuple(2 + axis for axis in half))
    grid = torch.randn(2, *SIDES[dimensions], 6, dtype=torch.float64)
    axes = [1 + axis for axis in half]
    assert torch.allclose(other(grid.flip(axes)), one(grid).flip(axes), atol=1e-12)


@pytest.mark.parametrize("expand", [1.0, 2.0])
def test_parameters_are_vmambas(expand):
    """d_model 96: dt_rank ceil(96 / 16) = 6 whatever d_inner is, VMamba's x_proj and dt_projs."""
    inner, states = round(expand * 96), 3
    one = SS2D(2, 96, expand=expand, states=states)
    assert one.select.shape == (4, 6 + 2 * states, inner)
    assert one.steps.shape == (4, inner, 6)
    assert one.step_bias.numel() == one.skip.numel() == 4 * inner
    assert one.log_decay.numel() == 4 * inner * states


@pytest.mark.parametrize("dimensions", SIDES)
def test_every_cell_sees_every_cell(dimensions):
    one, grid = block(dimensions), torch.randn(1, *SIDES[dimensions], 6, dtype=torch.float64)
    grid.requires_grad_()
    one(grid).flatten(1, -2)[0, 0].sum().backward()
    assert (grid.grad.flatten(1, -2)[0].abs().sum(1) > 0).all()


def test_the_block_is_the_same_with_either_scan():
    one = block(2)
    other = block_like(one)
    other.backend, one.backend = "loop", "sequential"
    grid = torch.randn(2, 4, 4, 6, dtype=torch.float64)
    assert torch.allclose(one(grid), other(grid), atol=1e-12)
