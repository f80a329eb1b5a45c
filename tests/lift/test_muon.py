"""Muon on stacks of matrices."""

import pytest
import torch
from torch import nn

from lift.muon import Muon, orthogonalised
from lift.precision import multiplies_bfloat16


def gradients(shape, steps=4):
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(shape, generator=generator) for _ in range(steps)]


@pytest.mark.parametrize("shape", [(8, 8), (12, 5), (5, 12)])
def test_one_matrix_moves_as_with_torchs_muon(shape):
    ours, theirs = (nn.Parameter(torch.ones(shape)) for _ in range(2))
    # Torch scales the step of tall matrices and decays weights by default.
    tall = max(1.0, shape[0] / shape[1]) ** 0.5
    optimisers = Muon([ours], lr=0.02 * tall), torch.optim.Muon([theirs], 0.02, weight_decay=0.0)
    for gradient in gradients(shape):
        ours.grad, theirs.grad = gradient.clone(), gradient.clone()
        for optimiser in optimisers:
            optimiser.step()
    # Theirs are bfloat16 products on every device, ours where the device has them.
    atol = 2e-4 if multiplies_bfloat16(ours.device) else 1.5e-3
    torch.testing.assert_close(ours, theirs, rtol=0, atol=atol)


def test_matrices_of_a_stack_do_not_meet():
    stack = nn.Parameter(torch.zeros(3, 6, 6))
    alone = nn.Parameter(torch.zeros(6, 6))
    optimisers = Muon([stack], lr=0.1), Muon([alone], lr=0.1)
    for gradient in gradients((3, 6, 6)):
        stack.grad, alone.grad = gradient, gradient[1].clone()
        for optimiser in optimisers:
            optimiser.step()
    torch.testing.assert_close(stack[1], alone, rtol=0, atol=1e-3)


def test_singular_values_of_a_direction_are_nearly_one():
    values = torch.linalg.svdvals(orthogonalised(torch.randn(4, 16, 16)).float())
    assert values.max() < 1.3
    assert values.median() > 0.6


def test_a_complex_matrix_has_the_direction_of_its_unitary_factor():
    matrices = torch.randn(2, 8, 6, dtype=torch.cfloat)
    found = orthogonalised(matrices)
    assert found.dtype == torch.cfloat
    values = torch.linalg.svdvals(found)
    assert values.min() > 0.6
    assert values.max() < 1.3
    # Singular vectors are the matrix's own.
    u, _, vh = torch.linalg.svd(matrices, full_matrices=False)
    inside = u.mH @ found @ vh.mH
    off = inside - torch.diag_embed(inside.diagonal(dim1=-2, dim2=-1))
    assert off.abs().max() < 0.03
    assert inside.diagonal(dim1=-2, dim2=-1).imag.abs().max() < 0.03
