"""The configuration files give the figures that the papers' tables print, where they can be had."""

import pytest
import torch

from benchmarks.settings.fields import build_field
from benchmarks.settings.method import load_methods, published_settings
from lift.field import Cost, Domain

DOMAINS = {
    "celebahq64": Domain(2, 64, 3),
    "shapenet64": Domain(3, 64, 1),
    "cifar10": Domain(2, 32, 3),
}
METHODS = ["functa", "spatial_functa", "mnif_s", "mnif_l", "gem", "enf", "metalf"]


def cost(method: str, dataset: str) -> Cost:
    settings = published_settings(method, dataset)
    key = load_methods()[method.split("-", maxsplit=1)[0]].field
    with torch.device("meta"):
        return build_field(key, DOMAINS[dataset], settings.field).cost()


@pytest.mark.parametrize("dataset", DOMAINS)
@pytest.mark.parametrize("method", METHODS)
def test_every_method_has_settings_for_every_published_data_set(method: str, dataset: str) -> None:
    assert cost(method, dataset).macs > 0


@pytest.mark.parametrize(
    ("method", "dataset", "millions"),
    [
        ("functa", "celebahq64", 3.3),
        ("mnif_l", "celebahq64", 33.4),
        ("mnif_l", "shapenet64", 46.3),
    ],
)
def test_learnable_parameters(method: str, dataset: str, millions: float) -> None:
    assert round(cost(method, dataset).parameters / 1e6, 1) == millions


@pytest.mark.parametrize(
    ("method", "dataset", "giga", "digits"),
    [
        ("functa", "celebahq64", 8.602, 3),
        ("spatial_functa", "cifar10", 0.271, 3),
        ("mnif_l", "celebahq64", 0.34, 2),
        ("mnif_s", "shapenet64", 4.4, 1),
        ("mnif_l", "shapenet64", 21.6, 1),
    ],
)
def test_multiply_adds(method: str, dataset: str, giga: float, digits: int) -> None:
    assert round(cost(method, dataset).macs / 1e9, digits) == giga


def test_functa_on_cifar10_counts_biases_as_operations() -> None:
    functa = cost("functa", "cifar10")
    assert round((functa.macs + functa.bias_adds) / 1e9, 3) == 3.503


def test_mnif_takes_the_released_inner_step_at_the_released_batch() -> None:
    for method in ("mnif_s", "mnif_l"):
        for dataset in ("celebahq64", "shapenet64"):
            settings = published_settings(method, dataset)
            assert settings.field["inner_rates"]["scale"] == 1.0 * 4 / settings.fit.batch


@pytest.mark.parametrize("method", ["enf", "metalf"])
def test_sets_of_tokens_have_the_printed_sizes(method: str) -> None:
    assert cost(method, "cifar10").latent_floats == 1600 + 50
    assert cost(method, "celebahq64").latent_floats == 2304 + 72
