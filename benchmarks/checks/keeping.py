"""State: all of it is in the weights, which can be stored, copied and moved."""

from __future__ import annotations

import copy
import random
import tempfile
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from benchmarks.checks.property import Property, require, same
from benchmarks.checks.subject import Subject
from lift.checkpoint import load_tensors, save_tensors
from lift.field import NeuralField
from lift.meta.inner import adapt, inner_gradient


def memory(subject: Subject) -> str:
    """No two entries of the state share memory."""
    state = subject.field().state_dict()
    owners: dict[int, str] = {}
    for name, tensor in state.items():
        require(isinstance(tensor, Tensor), f"{name}: {type(tensor).__name__}, expected a tensor")
        place = tensor.untyped_storage().data_ptr()
        other = owners.setdefault(place, name)
        require(other == name or not tensor.numel(), f"{name} and {other} share memory")
    return f"{len(state)} tensors"


def stored(subject: Subject) -> str:
    """What safetensors stores of one field gives another its values."""
    field, other = subject.field(), subject.field(seed=1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "field.safetensors"
        save_tensors(path, dict(field.state_dict()), {})
        other.load_state_dict(load_tensors(path)[0])
    return same(_values(subject, other), _values(subject, field), 0.0)


def copied(subject: Subject) -> str:
    """A deep copy has the same values and memory of its own."""
    field = subject.field()
    before = _values(subject, field)
    twin = copy.deepcopy(field)
    with torch.no_grad():
        for parameter in twin.parameters():
            parameter.zero_()
    same(_values(subject, field), before, 0.0)
    return same(_values(subject, copy.deepcopy(field)), before, 0.0)


def moved(subject: Subject) -> str:
    """All tensors move with the field to another device (PyTorch's meta device)."""
    field = subject.field()
    latent, coords = subject.latent(field, 2), subject.places(torch.float32)
    query = {name: tensor.to("meta") for name, tensor in field.locate(coords).items()}
    there = field.to("meta")
    found = there.evaluate({name: z.to("meta") for name, z in latent.items()}, query)
    tensors = {"values": found, **there.zero_latent(2), **there.inner_rates(0)}
    left = [name for name, tensor in tensors.items() if tensor.device.type != "meta"]
    require(not left, f"{', '.join(left)}: left on the CPU")
    return f"{len(tensors)} tensors followed"


def modes(subject: Subject) -> str:
    """Training mode, evaluation mode and no_grad have the same values."""
    field = subject.field()
    trained = _values(subject, field.train())
    evaluated = _values(subject, field.eval())
    with torch.no_grad():
        same(_values(subject, field), evaluated, 0.0)
    return same(evaluated, trained, 0.0)


def randomness(subject: Subject) -> str:
    """Encoding and evaluating draw no random number."""
    field = subject.field()
    query, values = subject.some(field, 2, torch.float32)
    before = (torch.get_rng_state(), random.getstate(), str(np.random.get_state()))  # noqa: NPY002
    field.evaluate(adapt(field, query, values, 1), query)
    after = (torch.get_rng_state(), random.getstate(), str(np.random.get_state()))  # noqa: NPY002
    require(torch.equal(before[0], after[0]), "torch's global generator was used")
    require(before[1:] == after[1:], "Python's or NumPy's global generator was used")
    return "generators untouched"


def arguments(subject: Subject) -> str:
    """Latents, coordinates and located points are read only."""
    field = subject.field()
    latent, coords = subject.latent(field, 2), subject.places(torch.float32)
    query = field.locate(coords)
    given = {"coordinates": coords, **latent, **query}
    before = {name: tensor.clone() for name, tensor in given.items()}
    field(latent, coords)
    field.evaluate(latent, query)
    changed = [name for name, tensor in given.items() if not torch.equal(tensor, before[name])]
    require(not changed, f"written to: {', '.join(changed)}")
    return f"{len(given)} tensors untouched"


def memoryless(subject: Subject) -> str:
    """Earlier evaluations, at other points and latents, leave no trace."""
    field = subject.field()
    before = {name: tensor.clone() for name, tensor in field.state_dict().items()}
    first = _values(subject, field)
    query, values = subject.some(field, 3, torch.float32)
    inner_gradient(field, subject.latent(field, 3, seed=7), query, values, at_zero=False)
    field.render(subject.latent(field, 1, seed=8))
    for name, tensor in field.state_dict().items():
        require(torch.equal(tensor, before[name]), f"{name} changed")
    return same(_values(subject, field), first, 0.0)


def seeded(subject: Subject) -> str:
    """A seed gives the weights, and they the same gradient to the bit."""
    fields = subject.field(), subject.field()
    for (name, one), two in zip(
        fields[0].state_dict().items(), fields[1].state_dict().values(), strict=True
    ):
        require(torch.equal(one, two), f"{name}: other weights from the same seed")
    found = []
    for field in fields:
        query, values = subject.some(field, 2, torch.float32)
        found.append(inner_gradient(field, subject.latent(field, 2), query, values, at_zero=False))
    return same(found[0], found[1], 0.0)


def _values(subject: Subject, field: NeuralField) -> Tensor:
    return field(subject.latent(field, 2), subject.places(torch.float32)).detach()


OF_EVALUATION = (
    Property("no random numbers", randomness, ("finite inner gradient",)),
    Property("deterministic", seeded, ("no random numbers",)),
    Property("arguments read only", arguments, ("values",)),
    Property(
        "no trace of evaluations",
        memoryless,
        ("deterministic", "arguments read only"),
    ),
)
OF_STATE = (
    Property("state without shared memory", memory, ("builds",)),
    Property(
        "saved and loaded", stored, ("state without shared memory", "no trace of evaluations")
    ),
    Property("deep copy", copied, ("no trace of evaluations",)),
    Property("moves to a device", moved, ("values", "inner rates")),
    Property("training and evaluation mode", modes, ("no trace of evaluations",)),
)
