"""Several processes train one field, a device each: every batch is split by signal.

A meta-step asks autograd for its gradients itself, several times a replayed step, so that the
wrapper DistributedDataParallel, which waits for one ``backward`` after one ``forward``, does not
fit. Nor is it needed: signals meet in a mean alone, so that the batch's gradient is the sum of the
shares' gradients, each weighed by its part of the signals. Once every process has that sum, all
that follows (norm, clip, Adam, Muon, checks) sees the same numbers in each of them.

Started by ``torchrun``; without it a process is a team of its own.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn

from lift.field import Latent
from lift.interrupt import StopRequest
from lift.meta.outer import MetaStep

Value = TypeVar("Value")

PATIENCE = timedelta(days=7)
"""For another process: one may wait for data or a lock. ``torchrun`` ends all when one fails."""


class TeamError(ValueError):
    """Work that so many processes cannot share."""


@dataclass(frozen=True)
class Team:
    """The processes of one training; ``rank`` is this one's number, and the first one writes."""

    rank: int = 0
    size: int = 1

    @property
    def first(self) -> bool:
        """Whether this process writes files and speaks."""
        return self.rank == 0

    def share(self, count: int) -> slice:
        """This process's part of ``count`` signals, in order; parts differ by one at most."""
        each, more = divmod(count, self.size)
        start = self.rank * each + min(self.rank, more)
        return slice(start, start + each + (self.rank < more))

    def shared(self, signals: int) -> int:
        """The signals of a batch that this team can share.

        Raises:
            TeamError: there are more processes than a batch has signals.
        """
        if signals < self.size:
            raise TeamError(
                f"{self.size} processes for a batch of {signals} signals; expected no more "
                "processes than signals"
            )
        return signals

    def same(self, value: Value) -> Value:
        """The first process's value, in all of them."""
        if self.size == 1:
            return value
        box = [value]
        dist.broadcast_object_list(box, src=0)
        return box[0]

    def whole(self, own: Tensor, count: int) -> Tensor:
        """All ``(count, ...)`` values, in order, from each process's share of them."""
        if self.size == 1:
            return own
        every = own.new_zeros((count, *own.shape[1:]))
        every[self.share(count)] = own
        dist.all_reduce(every)
        return every

    def meet(self, parameters: Iterable[nn.Parameter], own: MetaStep, batch: int) -> MetaStep:
        """Makes gradients and measurements those of the whole batch, from each process's share."""
        if self.size == 1:
            return own
        part = len(own.mse) / batch
        gradients = [p.grad for p in parameters if p.grad is not None]
        together = torch.cat([g.reshape(-1) for g in gradients] + [own.loss.reshape(1)]) * part
        dist.all_reduce(together)
        *summed, loss = together.split([*(g.numel() for g in gradients), 1])
        for gradient, values in zip(gradients, summed, strict=True):
            gradient.copy_(values.view_as(gradient))
        return MetaStep(loss.squeeze(), self.whole(own.mse, batch))

    def agreed(self, stop: StopRequest) -> StopRequest:
        """A stop that any process was asked for, in all of them, so that all end at one step."""
        if self.size == 1:
            return stop
        asked = torch.tensor(int(stop.asked))
        dist.all_reduce(asked, op=dist.ReduceOp.MAX)
        together = StopRequest()
        together.asked = bool(asked)
        return together

    def gathered(self, own: Latent) -> list[Latent]:
        """Every process's latents, of one shape, in the first one; nothing in the others."""
        if self.size == 1:
            return [own]
        found: list[Latent] = [{} for _ in range(self.size)] if self.first else []
        for name, tensor in own.items():
            host = tensor.detach().cpu().contiguous()
            rows = [torch.empty_like(host) for _ in found]
            dist.gather(host, rows if self.first else None)
            for latent, row in zip(found, rows, strict=True):
                latent[name] = row
        return found

    def wait(self) -> None:
        """Goes on when every process is here."""
        if self.size > 1:
            dist.barrier()


ALONE = Team()
"""One process."""


def local_rank() -> int:
    """This process's number on its machine: which of the visible devices is its own."""
    return int(os.environ.get("LOCAL_RANK", "0"))


@contextmanager
def joined() -> Iterator[Team]:
    """The team that ``torchrun`` started, until the block ends; this process alone without it."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield ALONE
        return
    if torch.cuda.is_available():
        torch.cuda.set_device(local_rank())
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    dist.init_process_group(backend, timeout=PATIENCE)
    try:
        yield Team(dist.get_rank(), dist.get_world_size())
    finally:
        dist.destroy_process_group()
