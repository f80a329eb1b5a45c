"""bfloat16 matrix products, where the processor has them."""

from __future__ import annotations

from functools import cache
from typing import Literal

import torch
from tqdm import tqdm

Precision = Literal["float32", "bfloat16"]
"""Of matrix products; weights and results are float32."""

MATRIX_UNITS = ("amx_bf16", "bf16")
DOT_PRODUCTS = "avx512_bf16"


def products(
    device: torch.device, precision: Precision, *, of_field: bool = True
) -> torch.autocast:
    """A context in which matrix products have the configured precision, where the device has it.

    A processor without bfloat16 products would emulate them, many times slower than float32's: it
    takes float32's, and says so once.

    Args:
        of_field: as `multiplies_bfloat16`.
    """
    granted = precision == "bfloat16" and _granted(device, of_field)
    return torch.autocast(device.type, torch.bfloat16, granted)


def multiplies_bfloat16(device: torch.device, *, of_field: bool = True) -> bool:
    """Whether a device has instructions for bfloat16 products that are worth their name.

    AVX-512's dot products count for stage 2's denoisers and classifiers, whose steps they make 1.7
    times as fast; in a field's small products float32 is 1.5 times as fast (``docs/speed.md``).
    """
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    capabilities = torch.cpu.get_capabilities()
    enough = MATRIX_UNITS if of_field else (*MATRIX_UNITS, DOT_PRODUCTS)
    return any(capabilities.get(name) for name in enough)


@cache
def _granted(device: torch.device, of_field: bool) -> bool:
    found = multiplies_bfloat16(device, of_field=of_field)
    if not found:
        tqdm.write(f"precision: {device.type} has no bfloat16 products; float32 ones are taken")
    return found
