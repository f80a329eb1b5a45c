"""What the ledger counts, against closed forms; the memory that a replayed step needs."""

import pytest
import torch
from torch import Tensor

from benchmarks.speed.ledger import Ledger, meta_step_ledger
from benchmarks.speed.ways import PLAIN, Way, candidates
from lift.field import Domain, Latent, NeuralField
from lift.meta.inner import adapt
from lift.meta.outer import OuterGradient
from tests.baselines.test_neural_fields import FIELDS
from tests.lift.fields import small_lift

IMAGES = Domain(2, 8, 3)
ALL = {**FIELDS, "lift": lambda domain: small_lift(domain, smoothness_weight=0.0)}


@pytest.fixture(params=ALL)
def field(request: pytest.FixtureRequest) -> NeuralField:
    torch.manual_seed(0)
    return ALL[request.param](IMAGES)


def test_bytes_are_those_alive_at_once() -> None:
    with Ledger() as ledger:
        first = torch.zeros(1000)  # 4,000 bytes
        second = first + 1  # 8,000
        view = second.view(10, 100)  # no bytes of its own
        first.add_(1)
        del first  # 4,000
        third = view.sum(0)  # 4,400
    assert ledger.peak_bytes == 8000
    assert ledger.live_bytes == 4400
    assert len(third) == 100


def test_what_was_there_before_does_not_count() -> None:
    before = torch.zeros(1000)
    with Ledger() as ledger:
        before.view(10, 100).add_(1)
    assert ledger.peak_bytes == 0


def test_multiply_adds_of_products() -> None:
    with Ledger() as ledger:
        torch.mm(torch.zeros(2, 3), torch.zeros(3, 5))
        torch.bmm(torch.zeros(7, 2, 3), torch.zeros(7, 3, 5))
    assert ledger.macs == 2 * 3 * 5 + 7 * 2 * 3 * 5


def test_encoding_takes_the_closed_form_of_multiply_adds(field: NeuralField) -> None:
    with Ledger() as ledger:
        adapt(field, field.locate(IMAGES.grid()), torch.zeros(1, 64, 3), 3)
    assert ledger.macs == field.cost().encode_macs


def test_the_meta_device_counts_what_is_computed(field: NeuralField) -> None:
    query, values = field.locate(IMAGES.grid()), torch.zeros(4, 64, 3)
    real = meta_step_ledger(field, query, values, 2, PLAIN)
    for parameter in field.parameters():
        parameter.grad = None
    query = {name: tensor.to("meta") for name, tensor in query.items()}
    shapes = meta_step_ledger(field.to("meta"), query, values.to("meta"), 2, PLAIN)
    assert shapes.macs == real.macs
    assert shapes.peak_bytes == pytest.approx(real.peak_bytes, rel=0.05)


def peak_bytes(
    field: NeuralField,
    values: Tensor,
    steps: int,
    gradient: OuterGradient,
    *,
    start: Latent | None = None,
    micro_batch: int | None = None,
) -> int:
    query, way = field.locate(IMAGES.grid()), Way(gradient, False, micro_batch)
    return meta_step_ledger(field, query, values, steps, way, start).peak_bytes


@pytest.mark.parametrize("shared_first_step", [False, True])
def test_memory_of_a_replayed_step_does_not_grow_with_inner_steps(
    field: NeuralField, shared_first_step: bool
) -> None:
    values, given = torch.zeros(4, 64, 3), field.zero_latent(4)
    few = peak_bytes(field, values, 1, "replayed", start=given)
    start = None if shared_first_step else given
    many = peak_bytes(field, values, 10, "replayed", start=start)
    assert many <= 1.2 * few
    assert peak_bytes(field, values, 10, "unrolled", start=given) > 3 * many


def test_small_micro_batches_hold_no_more_than_the_replayed_batch(field: NeuralField) -> None:
    values = torch.zeros(16, 64, 3)
    sizes = {way.micro_batch for way in candidates(16, 3)} - {None, 8}
    assert sizes
    replayed = peak_bytes(field, values, 3, "replayed")
    for size in sizes:
        assert peak_bytes(field, values, 3, "unrolled", micro_batch=size) <= replayed
