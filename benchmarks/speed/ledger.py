"""Counts what a computation does: multiply-adds, and the bytes of tensors that live at once.

Both are exact and repeatable, unlike a process's memory: every tensor that an operation allocates
is counted from its making to its end. On torch's ``meta`` device nothing is computed, so that
published sizes are counted in seconds. Code that `torch.compile` generated is not seen.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry
from torch.utils.weak import WeakIdKeyDictionary

from benchmarks.speed.ways import Way
from lift.field import Latent, NeuralField, Query


class Ledger(TorchDispatchMode):
    """Watches every operation that runs inside ``with Ledger() as ledger``.

    ``macs`` counts one multiply-add of every matrix product and convolution; ``peak_bytes`` is the
    most that tensors made inside held at once.
    """

    def __init__(self) -> None:
        super().__init__()
        self.macs = self.live_bytes = self.peak_bytes = 0
        self._known = WeakIdKeyDictionary()

    def __torch_dispatch__(
        self,
        func: Any,
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        made = func(*args, **kwargs)
        if func._overloadpacket in flop_registry:
            flops = flop_registry[func._overloadpacket](*args, **kwargs, out_val=made)
            self.macs += flops // 2
        given = {id(tensor.untyped_storage()) for tensor in _tensors((args, kwargs))}
        for tensor in _tensors(made):
            storage = tensor.untyped_storage()
            if id(storage) in given or storage in self._known:
                continue  # a view, or written in place
            self._known[storage] = True
            self.live_bytes += storage.nbytes()
            self.peak_bytes = max(self.peak_bytes, self.live_bytes)
            weakref.finalize(storage, self._release, storage.nbytes())
        return made

    def _release(self, size: int) -> None:
        self.live_bytes -= size


def meta_step_ledger(
    field: NeuralField,
    query: Query,
    values: Tensor,
    steps: int,
    way: Way,
    start: Latent | None = None,
) -> Ledger:
    """Counts one meta-step; the parameters' own gradients are there before it."""
    for parameter in field.parameters():
        parameter.grad = torch.zeros_like(parameter)
    with Ledger() as ledger:
        way.step(field, steps)(query, values, start)
    return ledger


def _tensors(tree: Any) -> Iterator[Tensor]:
    return (leaf for leaf in tree_leaves(tree) if isinstance(leaf, Tensor))
