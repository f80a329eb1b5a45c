"""The Fréchet distance: closed forms, and the formulas of independent libraries."""

import numpy as np
import pytest
from scipy import linalg

from baselines.torchvision_guard import import_torchvision
from benchmarks.metrics.frechet import frechet_distance

RNG = np.random.default_rng(0)


def by_square_root(first, second):
    """The textbook formula, with scipy's matrix square root."""
    s1, s2 = np.cov(first, rowvar=False), np.cov(second, rowvar=False)
    shift = first.mean(0) - second.mean(0)
    return shift @ shift + np.trace(s1 + s2 - 2 * np.real(linalg.sqrtm(s1 @ s2)))


def test_a_shift_costs_its_squared_length():
    features = RNG.normal(size=(50, 8))
    assert frechet_distance(features, features + 0.5) == pytest.approx(8 * 0.25, rel=1e-12)


def test_scaling_costs_the_squared_difference_of_deviations():
    features = RNG.normal(size=(200, 6)) @ RNG.normal(size=(6, 6))
    centred = features - features.mean(0)
    expected = np.trace(np.cov(features, rowvar=False)) * (3 - 1) ** 2
    assert frechet_distance(centred, 3 * centred) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("n", "m"), [(400, 300), (400, 20), (20, 15)])
def test_known_diagonal_gaussians_give_the_closed_form(n, m):
    """Orthogonal columns make the covariances diagonal, whatever the number of samples."""
    d = 10
    one = linalg.qr(RNG.normal(size=(n, d + 1)), mode="economic")[0]
    other = linalg.qr(RNG.normal(size=(m, d + 1)), mode="economic")[0]
    one, other = (q - q.mean(0) for q in (one, other))
    one, other = (linalg.qr(q[:, :d], mode="economic")[0] for q in (one, other))
    deviations = np.arange(1, d + 1), np.linspace(0, 4, d)
    first = one * np.sqrt(n - 1) * deviations[0] + 1
    second = other * np.sqrt(m - 1) * deviations[1]
    expected = d + np.square(deviations[0] - deviations[1]).sum()
    assert frechet_distance(first, second) == pytest.approx(expected, rel=1e-10)


def test_independent_formulas_agree():
    import_torchvision()
    from cleanfid.fid import frechet_distance as cleanfid_distance  # noqa: PLC0415
    from torch_fidelity.metric_fid import fid_statistics_to_metric  # noqa: PLC0415

    first = RNG.normal(size=(300, 20)) @ RNG.normal(size=(20, 20))
    second = RNG.normal(size=(250, 20)) + 0.3
    statistics = [{"mu": f.mean(0), "sigma": np.cov(f, rowvar=False)} for f in (first, second)]
    found = frechet_distance(first, second)
    fidelity = fid_statistics_to_metric(*statistics, verbose=False)
    assert found == pytest.approx(by_square_root(first, second), rel=1e-8)
    assert found == pytest.approx(fidelity["frechet_inception_distance"], rel=1e-8)
    pairs = [s[key] for s in statistics for key in ("mu", "sigma")]
    assert found == pytest.approx(cleanfid_distance(*pairs), rel=1e-8)


def test_singular_covariances_lose_no_digits():
    features = RNG.normal(size=(30, 2)) @ RNG.normal(size=(2, 64))
    assert abs(frechet_distance(features, features)) < 1e-12 * np.square(features).sum()


def test_order_of_samples_and_of_sets_does_not_matter():
    first, second = RNG.normal(size=(40, 5)), RNG.normal(size=(60, 5)) * 2
    found = frechet_distance(first, second)
    assert frechet_distance(second, first[::-1]) == pytest.approx(found, rel=1e-12)


@pytest.mark.parametrize(
    ("first", "second", "complaint"),
    [
        (np.zeros((3, 2)), np.zeros((3, 4)), "expected"),
        (np.zeros((1, 2)), np.zeros((3, 2)), "expected two or more"),
        (np.full((3, 2), np.nan), np.zeros((3, 2)), "not finite"),
    ],
)
def test_bad_features_are_refused(first, second, complaint):
    with pytest.raises(ValueError, match=complaint):
        frechet_distance(first, second)
