"""Multiply-adds of a field or of a network, counted while a forward of it runs.

fvcore counts one multiply-add as one, and matrix products alone, which is the convention of the
papers' FLOPs; PyTorch's counter, which counts two, checks it. Both are silent about operators that
they do not know. Those are named here: whatever is not elementwise, a view, or in `FREE`.
"""

from __future__ import annotations

import copy
import logging
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode, flop_registry
from torch.utils.weak import WeakIdKeyDictionary

from lift.field import NeuralField

Counted = TypeVar("Counted")

MATRIX_PRODUCTS = ("addmm", "bmm", "conv", "einsum", "linear", "matmul", "mm")
"""fvcore's names; what else it counts, such as a layer norm, are elementwise products."""

SUMS = {"sum", "mean", "nansum", "cumsum"}
FREE = SUMS | {
    "_local_scalar_dense", "_softmax", "_to_copy", "_unsafe_view", "amax", "amin", "arange", "cat",
    "constant_pad_nd", "copy_", "embedding", "empty", "empty_like", "eye", "fill_", "flip", "full",
    "full_like", "gather", "index", "index_put", "index_put_", "index_select", "lift_fresh_copy",
    "max", "min", "new_empty", "new_full", "new_ones", "new_zeros", "ones", "ones_like", "repeat",
    "repeat_interleave", "roll", "scalar_tensor", "scatter", "scatter_", "sort", "stack", "topk",
    "zero_", "zeros", "zeros_like",
}  # fmt: skip
"""Operators without products that PyTorch's tags do not tell. One that lacks is named, no more."""


@dataclass(frozen=True)
class Count:
    """Multiply-adds of one forward of the whole grid.

    ``macs`` is fvcore's count, ``checked`` PyTorch's; each leaves out what it does not know.
    ``uncounted`` maps operators that neither counts to how often one ran; ``mul+sum`` are
    elementwise products that are then added up, as a matrix product does.
    """

    macs: int
    checked: int
    uncounted: Mapping[str, int]

    @property
    def most(self) -> int:
        """The larger of the two counts."""
        return max(self.macs, self.checked)

    @property
    def remark(self) -> str:
        """What the counts leave out, or where they differ; empty where all is counted."""
        parts = []
        if self.uncounted:
            parts.append(f"not counted: {', '.join(sorted(self.uncounted))}")
        if self.macs != self.checked:
            parts.append(f"fvcore counts {self.macs}, PyTorch {self.checked}")
        return "; ".join(parts)


class _Uncounted(TorchDispatchMode):
    """Notes every operator that may hold products and that no counter knows."""

    def __init__(self) -> None:
        super().__init__()
        self.found: Counter[str] = Counter()
        self._products = WeakIdKeyDictionary()  # storages of elementwise products

    def __torch_dispatch__(
        self,
        func: Any,
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        made = func(*args, **(kwargs or {}))
        if func._overloadpacket in flop_registry or func.is_view:
            return made
        name = func._overloadpacket.__name__
        given = list(_tensors((args, kwargs)))
        if _multiplies(name, given):
            self._products.update({t.untyped_storage(): True for t in _tensors(made)})
        elif torch.Tag.pointwise not in func.tags and name not in FREE:
            self.found[name] += 1
        elif any(tensor.untyped_storage() in self._products for tensor in given):
            if name in SUMS:
                self.found["mul+sum"] += 1
            elif torch.Tag.pointwise not in func.tags or name == "clone":  # moved, not changed
                self._products.update({t.untyped_storage(): True for t in _tensors(made)})
        return made


def _multiplies(name: str, given: Sequence[Tensor]) -> bool:
    """Whether an elementwise operator takes the product of two tensors, neither a number."""
    if name in ("mul", "mul_"):
        return len(given) == 2 and all(tensor.numel() > 1 for tensor in given)
    return name in ("square", "pow", "pow_")


def _tensors(tree: Any) -> Iterator[Tensor]:
    return (leaf for leaf in tree_leaves(tree) if isinstance(leaf, Tensor))


class _OneForward(nn.Module):
    """A forward that a tracer can follow: ``latents`` in, values out."""

    def __init__(self, field: NeuralField, device: str) -> None:
        super().__init__()
        query = field.locate(field.domain.grid())
        self.query = {name: tensor.to(device) for name, tensor in query.items()}
        zero = field.zero_latent(1)
        self.names, self.latents = list(zero), tuple(z.to(device) for z in zero.values())
        self.field = copy.deepcopy(field).to(device).eval()

    def forward(self, *latents: Tensor) -> Tensor:
        return self.field.evaluate(dict(zip(self.names, latents, strict=True)), self.query)


def count_macs(field: NeuralField) -> Count:
    """Counts one forward of the whole grid, from a latent."""
    checked, uncounted = _on_meta_or_cpu(_checked, field)
    return Count(_on_meta_or_cpu(_traced, field), checked, uncounted)


def count_forward(network: nn.Module, inputs: tuple[Tensor, ...]) -> Count:
    """Counts one forward of a network, where its inputs are."""
    checked, uncounted = _checked(network, inputs)
    return Count(_traced(network, inputs), checked, uncounted)


def _on_meta_or_cpu(
    count: Callable[[nn.Module, tuple[Tensor, ...]], Counted], field: NeuralField
) -> Counted:
    # On torch's meta device nothing is computed, but a convolution cannot be traced there.
    try:
        forward = _OneForward(field, "meta")
        return count(forward, forward.latents)
    except (RuntimeError, TypeError):
        forward = _OneForward(field, "cpu")
        return count(forward, forward.latents)


@torch.no_grad()
def _traced(forward: nn.Module, inputs: tuple[Tensor, ...]) -> int:
    """fvcore's count."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its imports and of the tracer
        from fvcore.nn import FlopCountAnalysis  # noqa: PLC0415

        logging.getLogger("fvcore").setLevel(logging.ERROR)
        analysis = FlopCountAnalysis(forward, inputs)
        analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
        counts = analysis.by_operator()
    return int(sum(counts[name] for name in MATRIX_PRODUCTS))


@torch.no_grad()
def _checked(forward: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[int, Mapping[str, int]]:
    """PyTorch's count, and what it does not count."""
    with FlopCounterMode(display=False) as counter, _Uncounted() as uncounted:
        forward(*inputs)
    return counter.get_total_flops() // 2, dict(uncounted.found)
