"""LIFT's classifier: its published size, and what it may depend on."""

import pytest
import torch

from benchmarks.settings.method import find_method
from benchmarks.stages.classification.heads import build_head
from lift.vmamba.classifier import DropPath, VMambaClassifier

CIFAR10 = {"global": (1, 1, 64), "intermediate": (4, 4, 32), "local": (8, 8, 16)}
SMALL = {
    "width": 16, "depth": 2, "expand": 1.0, "states": 1, "mlp_ratio": 2.0, "drop_path": 0.0
}  # fmt: skip


def test_the_published_size_within_one_percent():
    settings = find_method("lift").classification["cifar10"]
    head = build_head(settings.head, CIFAR10, 10, settings.settings)
    count = sum(parameter.numel() for parameter in head.parameters())
    assert count == 4_058_154
    assert count == pytest.approx(4.04e6, rel=0.01)


@pytest.mark.parametrize(
    "shapes",
    [
        {"latent": (12, 5)},
        CIFAR10,
        {"global": (1, 1, 1, 4), "intermediate": (2, 2, 2, 3), "local": (4, 4, 4, 2)},
    ],
    ids=["1-D", "2-D", "3-D"],
)
def test_grids_of_one_to_three_dimensions(shapes):
    torch.manual_seed(0)
    head = VMambaClassifier(shapes, 7, **SMALL)
    latent = {name: torch.randn(3, *shape) for name, shape in shapes.items()}
    scores = head(latent)
    assert scores.shape == (3, 7)
    scores.square().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in head.parameters())


def test_scores_do_not_depend_on_the_batch():
    torch.manual_seed(0)
    head = VMambaClassifier(CIFAR10, 10, **SMALL).double().eval()
    latent = {name: torch.randn(4, *shape, dtype=torch.float64) for name, shape in CIFAR10.items()}
    alone = head({name: z[2:3] for name, z in latent.items()})
    assert torch.allclose(head(latent)[2:3], alone, atol=1e-12)


def test_every_scale_is_read():
    torch.manual_seed(0)
    head = VMambaClassifier(CIFAR10, 10, **SMALL)
    latent = {name: torch.randn(1, *shape).requires_grad_() for name, shape in CIFAR10.items()}
    head(latent).sum().backward()
    assert all(z.grad.abs().sum() > 0 for z in latent.values())


def test_grids_that_do_not_divide_are_one_clear_error():
    with pytest.raises(ValueError, match="expected grids of one number of dimensions"):
        VMambaClassifier({"a": (8, 8, 2), "b": (3, 3, 2)}, 10, **SMALL)


def test_dropped_paths_keep_the_mean_and_are_off_in_evaluation():
    torch.manual_seed(0)
    drop, x = DropPath(0.25), torch.ones(20000, 1, 1)
    kept = drop(x)
    assert kept.unique().tolist() == pytest.approx([0, 4 / 3])
    assert kept.mean().item() == pytest.approx(1, abs=0.02)
    assert torch.equal(drop.eval()(x), x)
