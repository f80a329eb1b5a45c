"""A few seconds of meta-learning find more in every signal than the mean signal holds."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from baselines.enf import ENF
from baselines.functa import Functa
from baselines.gem import GEM
from baselines.metalf import MetaLF
from baselines.mnif import MNIF
from baselines.spatial_functa import SpatialFuncta
from lift.field import Domain, NeuralField
from lift.meta.inner import adapt, squared_error
from lift.meta.outer import OuterGradient, meta_step
from tests.baselines.rates import CLAMPED, META_SGD, TOKENS

DOMAINS = {"image": Domain(2, 12, 3), "voxels": Domain(3, 6, 1)}

# Field, outer gradient, outer rate; large rates, for a hundred steps.
METHODS: dict[str, tuple[Callable[[Domain], NeuralField], OuterGradient, float]] = {
    "functa": (
        lambda domain: Functa(
            domain,
            width=32,
            depth=4,
            latent=32,
            w0=20.0,
            inner_rates=META_SGD,
        ),
        "unrolled",
        1e-3,
    ),
    "spatial_functa": (
        lambda domain: SpatialFuncta(
            domain,
            width=32,
            depth=4,
            cells=3,
            latent_channels=4,
            w0=10.0,
            inner_rates={**META_SGD, "scale": 30.0},
        ),
        "unrolled",
        3e-3,
    ),
    "mnif": (
        lambda domain: MNIF(
            domain,
            width=16,
            depth=1,
            bases=16,
            latent=32,
            w0=20.0,
            inner_rates={**CLAMPED, "scale": 0.125},
        ),
        "unrolled",
        3e-3,
    ),
    "gem": (
        lambda domain: GEM(
            domain,
            width=32,
            depth=2,
            latent=32,
            rank=4,
            w0=10.0,
            output="sigmoid",
            inner_rates={"start": 1.0},
        ),
        "first-order",
        3e-3,
    ),
    "enf": (
        lambda domain: ENF(
            domain,
            tokens_per_axis=2,
            latent_channels=8,
            width=16,
            heads=2,
            attention_width=8,
            nearest=3,
            frequencies=(1.0, 3.0),
            inner_rates={**TOKENS, "start": {"pose": 0.1, "content": 5.0}},
        ),
        "unrolled",
        3e-3,
    ),
    "metalf": (
        lambda domain: MetaLF(
            domain,
            tokens_per_axis=2,
            latent_channels=8,
            width=16,
            layers=1,
            heads=2,
            nearest=3,
            self_nearest=3,
            frequencies=(1.0, 3.0),
            inner_rates={**TOKENS, "start": {"pose": 0.1, "content": 5.0}},
        ),
        "unrolled",
        3e-3,
    ),
}


def blobs(domain: Domain, count: int) -> Tensor:
    """Balls of random centre, size and colour, soft at their edge, ``(count, N, C)``."""
    generator = torch.manual_seed(0)
    centre = 0.2 + 0.6 * torch.rand(count, 1, domain.dimensions, generator=generator)
    radius = 0.15 + 0.25 * torch.rand(count, 1, generator=generator)
    colour = torch.rand(count, 2, 1, domain.channels, generator=generator)
    distance = (domain.grid() - centre).norm(dim=-1)
    inside = torch.sigmoid(20 * (radius - distance)).unsqueeze(-1)
    return inside * colour[:, 0] + (1 - inside) * colour[:, 1]


# ENF and MetaLF take seconds a case, and no published recipe of theirs is for voxels.
CASES = [
    (method, domain)
    for method in METHODS
    for domain in (["image"] if method in ("enf", "metalf") else DOMAINS)
]


@pytest.mark.parametrize(("method", "on"), CASES)
def test_new_signals_are_fitted_better_than_by_the_mean_signal(method: str, on: str) -> None:
    domain = DOMAINS[on]
    signals = blobs(domain, 160)
    train, held_out = signals[:128], signals[128:]
    build, way, rate = METHODS[method]
    torch.manual_seed(0)
    field = build(domain)
    query = field.locate(domain.grid())
    optimizer = torch.optim.Adam(field.parameters(), lr=rate)
    for step in range(80):
        values = train[torch.arange(8 * step, 8 * step + 8) % len(train)]
        meta_step(field, 3, way)(query, values, field.zero_latent(8))
        optimizer.step()
        optimizer.zero_grad()

    latent = adapt(field, query, held_out, 3)
    with torch.no_grad():
        error = squared_error(field, latent, query, held_out).mean()
    mean_error = (train.mean(0) - held_out).square().mean()
    assert error < mean_error / 2
