"""The latent generator and the smoothness term."""

import torch

from lift.hierarchy import smoothness, upsample
from tests.lift.fields import random_latent, small_lift


def test_upsampling_repeats_cells():
    grid = torch.tensor([[[[1.0], [2.0]], [[3.0], [4.0]]]])
    assert upsample(grid, 4)[0, :, :, 0].tolist() == [
        [1, 1, 2, 2],
        [1, 1, 2, 2],
        [3, 3, 4, 4],
        [3, 3, 4, 4],
    ]


def test_smoothness_of_a_known_grid():
    # Cells 0 and 3 have squared distance 9 to both neighbours, on a 2x2 grid all have K = 2.
    fused = torch.tensor([[[[0.0], [3.0]], [[3.0], [0.0]]]])
    assert smoothness(fused).tolist() == [9.0]


def test_smoothness_counts_the_neighbours_that_exist():
    # One axis of three cells: the middle one has two neighbours, the ends one each.
    fused = torch.tensor([[[0.0], [1.0], [3.0]]])
    ends_and_middle = [1.0, (1 + 4) / 2, 4.0]
    assert torch.allclose(smoothness(fused), torch.tensor([sum(ends_and_middle) / 3]))


def test_smoothness_of_a_single_region_is_zero():
    assert smoothness(torch.rand(2, 1, 1, 3)).tolist() == [0.0, 0.0]


def test_smoothness_of_a_constant_grid_is_zero():
    assert smoothness(torch.full((2, 4, 4, 4, 3), 0.7)).tolist() == [0.0, 0.0]


def test_a_local_latent_reaches_one_region_alone(float64):
    field = small_lift()
    latent = random_latent(field, 1)
    changed = {**latent, "local": latent["local"].clone()}
    changed["local"][0, 1, 2] += 1
    moved = (field.render(latent) != field.render(changed)).any(-1)[0]
    expected = torch.zeros(8, 8, dtype=torch.bool)
    expected[2:4, 4:6] = True
    assert (moved <= expected).all()
    assert moved.any()


def test_the_global_latent_reaches_every_region(float64):
    field = small_lift(relu=False)
    latent = random_latent(field, 1)
    changed = {**latent, "global": latent["global"] + 1}
    assert (field.render(latent) != field.render(changed)).all()


def test_with_rectifiers_shifts_are_never_negative():
    field = small_lift()
    assert field.generator(random_latent(field, 4)).min() == 0
    field = small_lift(relu=False)
    assert field.generator(random_latent(field, 4)).min() < 0


def test_an_open_start_leaves_no_unit_shut_at_the_zero_latent(float64):
    field = small_lift(open_start=True, latent_channels=(16, 12, 8), width=32)
    latent, generator = field.zero_latent(1), field.generator
    fused = generator.fuse(latent)
    assert torch.allclose(fused, torch.ones_like(fused))
    shifts = generator(latent)
    assert torch.allclose(shifts, torch.ones_like(shifts))


def test_an_open_start_conditions_shifts_well_by_local_latents(float64):
    field = small_lift(open_start=True, latent_channels=(16, 12, 8), width=32)

    plain = small_lift(latent_channels=(16, 12, 8), width=32)

    def singular_values(field):
        def shifts_of_one_region(local):
            latent = field.zero_latent(1)
            latent["local"] = latent["local"] + local
            return field.generator(latent)[:, 0, 0].flatten()

        return torch.linalg.svdvals(torch.func.jacrev(shifts_of_one_region)(torch.zeros(8)))

    opened, shut = singular_values(field), singular_values(plain)
    assert opened.max() / opened.min() < 3
    assert shut.min() < 1e-6 * opened.min()  # directions that dead units cut off


def test_a_wide_fusion_tells_a_region_more_numbers_than_its_local_latent_has(float64):
    def rank(**changes):
        field = small_lift(open_start=True, latent_channels=(16, 12, 8), width=32, **changes)

        def shifts_of_one_region(local, middle):
            latent = field.zero_latent(1)
            latent = {
                **latent,
                "local": latent["local"] + local,
                "intermediate": latent["intermediate"] + middle,
            }
            return field.generator(latent)[:, 0, 0].flatten()

        zeros = torch.zeros(8), torch.zeros(12)
        jacobian = torch.autograd.functional.jacobian(shifts_of_one_region, zeros)
        return torch.linalg.matrix_rank(torch.cat(jacobian, dim=1)).item()

    assert rank() == 8
    assert rank(fused_channels=20) == 20
