"""bfloat16 matrix products, where the processor has them."""

from __future__ import annotations

from functools import cache
from typing import Literal

import torch
from tqdm import tqdm

Precision = Literal["float32", "bfloat16"]
"""Of matrix products; weights and results are float32."""


def products(device: torch.device, precision: Precision) -> torch.autocast:
    """A context in which matrix products have the configured precision, where the device has it.

    A processor without bfloat16 products would emulate them, many times slower than float32's: it
    takes float32's, and says so once.
    """
    return torch.autocast(device.type, torch.bfloat16, precision == "bfloat16" and _granted(device))


def multiplies_bfloat16(device: torch.device) -> bool:
    """Whether a device has units for bfloat16 products.

    AVX-512's instructions for them are not counted: without AMX, float32 products are 1.5 times as
    fast (``docs/speed.md``).
    """
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    capabilities = torch.cpu.get_capabilities()
    return any(capabilities.get(name) for name in ("amx_bf16", "bf16"))


@cache
def _granted(device: torch.device) -> bool:
    found = multiplies_bfloat16(device)
    if not found:
        tqdm.write(f"precision: {device.type} has no bfloat16 products; float32 ones are taken")
    return found
