"""How a number came to be, noted around the work that makes it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import torch

from benchmarks.records.machine import hardware
from benchmarks.records.provenance import (
    forget_peak_memory,
    git_commit,
    packages,
    peak_memory_bytes,
)
from benchmarks.records.result import Provenance
from benchmarks.settings.digest import digest
from lift.precision import multiplies_bfloat16


class Recording:
    """Begun before the work, because files may change while a long training runs.

    Args:
        code: digest of the code that runs.
        device: whose memory and name are recorded.
        processes: how many share the work, a device each.
        of_field: whether the work is a field's, or stage 2's network's.
    """

    def __init__(
        self, code: str, device: torch.device, processes: int = 1, *, of_field: bool = True
    ) -> None:
        self.code, self._device, self._processes = code, device, processes
        self._of_field = of_field
        self._commit, self._began = git_commit(), time.monotonic()
        forget_peak_memory(device)

    def provenance(self, config: dict[str, Any]) -> Provenance:
        """What is known once the work is done; ``config``, a JSON value, is what it depends on."""
        return Provenance(
            config=config,
            config_hash=digest(config),
            code_digest=self.code,
            git_commit=self._commit,
            packages=packages(),
            device=device_name(self._device, of_field=self._of_field),
            hardware=hardware(self._device),
            threads=torch.get_num_threads(),
            processes=self._processes,
            finished=datetime.now(UTC).replace(microsecond=0),
            wall_seconds=round(time.monotonic() - self._began, 2),
            peak_memory_bytes=peak_memory_bytes(self._device),
        )


def device_name(device: torch.device, *, of_field: bool = True) -> str:
    """A device's name, and whether it took float32 products in place of bfloat16 ones."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"
    short = multiplies_bfloat16(device, of_field=of_field)
    return name if short else f"{name}, no bfloat16 products"
