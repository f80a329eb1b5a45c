"""Several processes train one field, a device each: every batch is split by signal.

A meta-step asks autograd for its gradients itself, several times a replayed step, so that the
wrapper DistributedDataParallel, which waits for one ``backward`` after one ``forward``, does not
fit. Nor is it needed: signals meet in a mean alone, so that the batch's gradient is the sum of the
shares' gradients, each weighed by its part of the signals. Once every process has that sum, all
that follows (norm, clip, Adam, Muon, checks) sees the same numbers in each of them.

Started by ``torchrun``; without it a process is a team of its own. Where one process fails, it says
why, and all end: a process that waits for another that is gone is told so by its connection.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn

from lift.interrupt import StopRequest
from lift.meta.outer import MetaStep

Value = TypeVar("Value")

PATIENCE = timedelta(days=7)
"""For another process: one may wait for data or a lock. ``torchrun`` ends all when one fails."""
MEETING = timedelta(minutes=5)
"""Until all processes have started."""


class TeamError(RuntimeError):
    """Processes that cannot share this work: too many for it, or one of them has ended."""


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
        with _with_others():
            dist.broadcast_object_list(box, src=0)
        return box[0]

    def whole(self, own: Tensor, count: int) -> Tensor:
        """All ``(count, ...)`` values, in order, from each process's share of them."""
        if self.size == 1:
            return own
        every = own.new_zeros((count, *own.shape[1:]))
        every[self.share(count)] = own
        return self.together(every)

    def together(self, own: Tensor) -> Tensor:
        """The values of all, in place, where each process has its own and zeros for the others'."""
        return own if self.size == 1 else _reduced(own)

    def meet(self, parameters: Iterable[nn.Parameter], own: MetaStep, batch: int) -> MetaStep:
        """Makes gradients and measurements those of the whole batch, from each process's share."""
        if self.size == 1:
            return own
        part = len(own.mse) / batch
        gradients = [p.grad for p in parameters if p.grad is not None]
        together = torch.cat([g.reshape(-1) for g in gradients] + [own.loss.reshape(1)]) * part
        *summed, loss = _reduced(together).split([*(g.numel() for g in gradients), 1])
        for gradient, values in zip(gradients, summed, strict=True):
            gradient.copy_(values.view_as(gradient))
        return MetaStep(loss.squeeze(), self.whole(own.mse, batch))

    def agreed(self, stop: StopRequest) -> StopRequest:
        """A stop that any process was asked for, in all of them, so that all end at one step."""
        if self.size == 1:
            return stop
        together = StopRequest()
        together.asked = bool(_reduced(torch.tensor(int(stop.asked))))
        return together

    def wait(self) -> None:
        """Goes on when every process is here."""
        if self.size > 1:
            _reduced(torch.zeros(1))


ALONE = Team()
"""One process."""


def processes() -> int:
    """How many ``torchrun`` started, on all machines; 1 without it."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def local_rank() -> int:
    """This process's number on its machine: which of the visible devices is its own."""
    return int(os.environ.get("LOCAL_RANK", "0"))


@contextmanager
def joined() -> Iterator[Team]:
    """The team that ``torchrun`` started, until the block ends; this process alone without it.

    Of several processes that an error or a signal ends, the first one raises it. The others' errors
    are the same or follow from it: they exit without a word, and with code 0, since ``torchrun``
    would end the one that speaks when another fails.
    """
    if processes() == 1:
        yield ALONE
        return
    store, rank, size = next(dist.rendezvous("env://", timeout=MEETING))
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    own = dist.PrefixStore("team", store)
    dist.init_process_group(backend, store=own, rank=rank, world_size=size, timeout=PATIENCE)
    try:
        yield Team(rank, size)
    except BaseException:
        if not _is_first_to_end(store, rank):
            sys.exit(0)
        raise
    finally:
        dist.destroy_process_group()


def _is_first_to_end(store: dist.Store, rank: int) -> bool:
    try:
        return store.add("ended", 1) == 1
    except RuntimeError:  # torchrun, which keeps the store, was killed
        return rank == 0


def _reduced(values: Tensor) -> Tensor:
    """The sum over all processes, in place."""
    with _with_others():
        dist.all_reduce(values)
    return values


@contextmanager
def _with_others() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        raise TeamError(f"another process has ended ({str(error).splitlines()[0]})") from error
