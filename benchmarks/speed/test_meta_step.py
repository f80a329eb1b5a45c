"""Seconds, multiply-adds and bytes of a meta-learning step and of encoding.

One round takes every way to do the same work in turn, in this process, so that a busy machine
slows all of them alike; a matrix product of known size takes its turn too, and is the peak that
the counted multiply-adds are compared with. ``benchmarks.speed`` runs this and draws the results.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor

from benchmarks.speed.cases import CASES, Case, Workload, workload
from benchmarks.speed.ledger import Ledger, meta_step_ledger
from benchmarks.speed.ways import PLAIN, Way, candidates
from lift.field import Latent, NeuralField
from lift.meta.inner import adapt, gradient_function
from lift.meta.outer import TakeStep

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
REPLAYED = Way("replayed", False)
INNER_STEPS = (1, 3, 10)
BATCH = 16
FITS = 8 * 2**30
MATMUL = 2048
ROUNDS = range(2, 8)
ROUND_SECONDS = 40.0
STARTED = time.monotonic()


def sides(
    work: Workload, values: Tensor, steps: int, compiled: bool
) -> dict[str, Callable[[], object]]:
    """Every way to take one meta-step and to encode, by name, and the matrix product."""
    field, query, _ = work

    def meta_step(take: TakeStep, start: Latent | None) -> None:
        take(query, values, start)
        field.zero_grad()

    # From latents that are given, no field shares its first step.
    given = field.zero_latent(len(values))
    calls: dict[str, Callable[[], object]] = {
        "plain": partial(meta_step, PLAIN.step(field, steps), given)
    }
    for way in candidates(len(values), steps):
        if way.compile <= compiled and (way != PLAIN or shares_first_step(field)):
            calls[str(way)] = partial(meta_step, way.step(field, steps), None)
    for kind in (False, True) if compiled else (False,):
        calls[f"encode {'compiled' if kind else 'eager'}"] = partial(
            adapt, field, query, values, steps, gradient_of=gradient_function(kind, DEVICE)
        )
    square = torch.rand(MATMUL, MATMUL, device=DEVICE)
    calls["matmul"] = lambda: torch.mm(square, square)
    return calls


def shares_first_step(field: NeuralField) -> bool:
    """Whether the unrolled step is another than autograd's, even in one piece."""
    return type(field).first_gradient is not NeuralField.first_gradient


def seconds(call: Callable[[], object]) -> float:
    """How long a call takes, the device's work included."""
    if DEVICE.type == "cuda":
        torch.cuda.synchronize()
    began = time.perf_counter()
    call()
    if DEVICE.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - began


def counted(work: Workload, batch: int, steps: int) -> dict[str, dict[str, int]]:
    """Multiply-adds and peak bytes of every way taken eagerly, without computing anything."""
    work = work.to("meta")
    values, given = work.batch(batch), work.field.zero_latent(batch)
    ledgers = {
        "plain": meta_step_ledger(*work[:2], values, steps, PLAIN, given),
        "replayed eager, own first steps": meta_step_ledger(
            *work[:2], values, steps, REPLAYED, given
        ),
    }
    eager = [way._replace(compile=False) for way in candidates(batch, steps)]
    for way in dict.fromkeys(eager):
        ledgers[str(way)] = meta_step_ledger(*work[:2], values, steps, way)
    return {
        name: {"macs": ledger.macs, "peak_bytes": ledger.peak_bytes}
        for name, ledger in ledgers.items()
    }


def largest_batch(case: Case, steps: int, way: Way) -> int:
    """The most signals whose step fits 8 GiB: bytes grow by the same amount with every signal."""
    work = workload(case).to("meta")
    few, more = (
        meta_step_ledger(work.field, work.query, work.batch(size), steps, way).peak_bytes
        for size in (8, 16)
    )
    each = (more - few) / 8
    return max(int((FITS - (few - 8 * each)) / each), 1)


def peak_bytes(call: Callable[[], object]) -> int | None:
    """What a call allocates on a GPU at once; None on a CPU, whose allocator does not say."""
    if DEVICE.type != "cuda":
        return None
    torch.cuda.synchronize()
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    call()
    torch.cuda.synchronize()
    return torch.cuda.max_memory_allocated() - before


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    quick = metafunc.config.getoption("quick")
    if "batch" not in metafunc.fixturenames:
        metafunc.parametrize("case", CASES, ids=[case.name for case in CASES])
        return
    runs = [(case, size) for case in CASES for size in (case.few if quick else (BATCH, None))]
    names = [f"{case.name}-{size or 'largest'}" for case, size in runs]
    metafunc.parametrize(("case", "batch"), runs, ids=names)
    metafunc.parametrize("steps", [3] if quick else INNER_STEPS)


def test_memory(case: Case, benchmark: Any) -> None:
    """Counts alone, with 1, 3 and 10 inner steps: the same on every machine."""
    work = workload(case)
    rows = benchmark.pedantic(
        lambda: {steps: counted(work, BATCH, steps) for steps in INNER_STEPS}, rounds=1
    )
    ways = {"plain": PLAIN, str(REPLAYED): REPLAYED}
    limits = {name: largest_batch(case, 3, way) for name, way in ways.items()}
    benchmark.extra_info.update(
        {"title": case.title, "batch": BATCH, "counted": rows, "largest_batch": limits}
    )


def test_time(
    case: Case, batch: int | None, steps: int, benchmark: Any, pytestconfig: pytest.Config
) -> None:
    """Rounds of all sides, as many as fit the time; without ``batch``, of the largest one."""
    if time.monotonic() - STARTED > 60 * pytestconfig.getoption("minutes"):
        pytest.skip("its time is spent (--minutes)")
    quick = pytestconfig.getoption("quick")
    size = batch or largest_batch(case, steps, PLAIN)
    torch.compiler.reset()
    work = workload(case).to(DEVICE)
    calls = sides(work, work.batch(size), steps, case.compiled or not quick)
    first = {name: seconds(call) for name, call in calls.items()}
    bytes_held = {name: peak_bytes(call) for name, call in calls.items()}
    taken: dict[str, list[float]] = {name: [] for name in calls}

    def round_of_all() -> None:
        for name, call in calls.items():
            taken[name].append(seconds(call))

    round_of_all()
    rounds = int(ROUND_SECONDS / sum(times[0] for times in taken.values()))
    benchmark.pedantic(round_of_all, rounds=min(max(rounds, ROUNDS[0]), ROUNDS[-1]))
    benchmark.extra_info.update(
        {
            "title": case.title,
            "batch": size,
            "inner_steps": steps,
            "device": torch.cuda.get_device_name() if DEVICE.type == "cuda" else "cpu",
            "threads": torch.get_num_threads(),
            "seconds": taken,
            "first_seconds": first,
            "peak_bytes": bytes_held,
            "counted": counted(workload(case), size, steps),
            "encode_macs": encode_macs(case, size, steps),
            "matmul_macs": MATMUL**3,
        }
    )


def encode_macs(case: Case, batch: int, steps: int) -> int:
    """Multiply-adds that encode a batch at the points of a training step."""
    work = workload(case).to("meta")
    with Ledger() as ledger:
        adapt(work.field, work.query, work.batch(batch), steps)
    return ledger.macs
