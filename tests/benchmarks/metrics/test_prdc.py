"""Precision and recall against two independent packages, and where the answer is known."""

import numpy as np
import pytest
import torch

from baselines.torchvision_guard import import_torchvision
from benchmarks.metrics import prdc
from benchmarks.metrics.prdc import f1, precision_recall, radii

RNG = np.random.default_rng(1)
REAL = RNG.normal(size=(180, 12))
GENERATED = RNG.normal(size=(240, 12)) * 0.8 + 0.3


def test_packages_agree():
    import_torchvision()
    from prdc import compute_prdc  # noqa: PLC0415
    from torch_fidelity.metric_prc import prc_features_to_metric  # noqa: PLC0415

    found = precision_recall(REAL, GENERATED)
    package = compute_prdc(REAL, GENERATED, nearest_k=3)
    assert 0 < found.precision < 1
    assert 0 < found.recall < 1
    assert found.precision == pytest.approx(package["precision"], abs=1e-12)
    assert found.recall == pytest.approx(package["recall"], abs=1e-12)
    fidelity = prc_features_to_metric(
        torch.from_numpy(GENERATED), torch.from_numpy(REAL), prc_neighborhood=3,
        prc_batch_size=64, verbose=False, save_cpu_ram=False,
    )  # fmt: skip
    assert found.precision == pytest.approx(fidelity["precision"], abs=1e-6)
    assert found.recall == pytest.approx(fidelity["recall"], abs=1e-6)
    assert found.f1 == pytest.approx(fidelity["f_score"], abs=1e-6)


def test_small_blocks_change_nothing(monkeypatch):
    whole = precision_recall(REAL, GENERATED)
    monkeypatch.setattr(prdc, "BLOCK_BYTES", 8 * 240 * 7)
    assert precision_recall(REAL, GENERATED) == whole


def test_the_radius_is_the_third_neighbour_without_the_sample_itself():
    line = np.array([[0.0], [1.0], [3.0], [7.0], [15.0]])
    assert np.sqrt(radii(line)) == pytest.approx([7.0, 6.0, 4.0, 7.0, 14.0], rel=1e-12)


def test_far_from_the_origin_no_digit_is_lost():
    near = precision_recall(REAL, GENERATED)
    assert precision_recall(REAL + 1e4, GENERATED + 1e4) == near


def test_copies_have_full_precision_and_recall_and_strangers_none():
    assert precision_recall(REAL, REAL.copy()) == (1.0, 1.0, 1.0)
    assert precision_recall(REAL, REAL + 100) == (0.0, 0.0, 0.0)


def test_one_mode_is_precise_and_forgets():
    real = np.concatenate([REAL[:90], REAL[90:] + 50])
    found = precision_recall(real, REAL[:90] + 0.01)
    assert found.precision > 0.95
    assert found.recall == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize(
    ("precision", "recall", "printed"),
    [(0.577, 0.397, 0.470), (0.787, 0.324, 0.459), (0.902, 0.544, 0.679), (0.900, 0.631, 0.742)],
)
def test_f1_of_the_published_rows(precision, recall, printed):
    assert f1(precision, recall) == pytest.approx(printed, abs=6e-4)


def test_too_few_samples_are_refused():
    with pytest.raises(ValueError, match="3 real and 240 generated, expected more than 3"):
        precision_recall(REAL[:3], GENERATED)


def strict_rule(real, generated):
    """The rule on integers, where nothing is rounded."""

    def squared(a, b):
        return np.square(a[:, None] - b[None]).sum(-1)

    real_radii, generated_radii = (np.sort(squared(a, a), 1)[:, 3] for a in (real, generated))
    apart = squared(real, generated)
    precise, recalled = (apart < real_radii[:, None]).any(0), (apart < generated_radii).any(1)
    return precise.mean(), recalled.mean()


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("spacing", [1.0, 0.25, 3.0])
def test_ties_on_a_lattice_are_not_inside(seed, spacing):
    draw = np.random.default_rng(seed)
    real, generated = draw.integers(0, 3, (25, 3)), draw.integers(0, 4, (30, 3))
    found = precision_recall(real * spacing, generated * spacing)
    assert found[:2] == strict_rule(real, generated)
    assert precision_recall(real * spacing + 1000, generated * spacing + 1000) == found


def test_integers_have_the_shares_that_the_strict_rule_counts():
    """Counted with Python's integers: 11 of 30 and 24 of 25. Rounding gave 15 of 30 and all 25."""
    draw = np.random.RandomState(3)
    real, generated = draw.randint(0, 3, (25, 3)), draw.randint(0, 4, (30, 3))
    assert precision_recall(real, generated)[:2] == (11 / 30, 24 / 25)


def test_a_sample_at_a_real_one_s_third_neighbour_is_outside_of_its_ball():
    """Twenty real features far apart, each with three at equal distances; samples repeat those."""
    draw = np.random.default_rng(0)
    centres = 100 * np.arange(20)[:, None] + draw.normal(size=(20, 64))
    shift = draw.normal(size=64)
    others = np.concatenate([centres + shift, centres - shift, centres + shift[::-1]])
    found = precision_recall(np.concatenate([centres, others]), np.concatenate([others] * 4))
    # Every ball of a sample has radius zero, for it is there four times; none holds anything.
    assert found.recall == 0.0
    # A sample lies inside its own point's ball, which reaches further than itself.
    assert found.precision == 1.0
