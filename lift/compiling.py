"""torch.compile where the machine can compile; one warning and the plain function elsewhere."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cache
from typing import TypeVar

import torch
from torch import Tensor

Compiled = TypeVar("Compiled", bound=Callable[..., object])


class CompilerWarning(RuntimeWarning):
    """There is nothing to compile with, so that everything runs uncompiled and slower."""


def compiled(function: Compiled, device: torch.device | str) -> Compiled:
    """``torch.compile(function, dynamic=False)``, or the function itself where that cannot work.

    Args:
        device: where it will run.
    """
    if not compiling_works(torch.device(device).type):
        return function
    return torch.compile(function, dynamic=False)  # type: ignore[return-value]


@cache
def compiling_works(device_type: str) -> bool:
    """Whether torch can compile for a kind of device; tried once, and said once where not."""

    def tried(values: Tensor) -> Tensor:
        return values.sin() + 1

    try:
        torch.compile(tried, dynamic=False)(torch.zeros(8, device=device_type))
    except Exception as error:  # compilers fail in many ways, and each of them means the same
        warnings.warn(
            f"compile: true, but torch.compile does not work here ({first_sentence(error)}); "
            "running uncompiled, which is slower. It needs a C++ compiler, such as g++",
            CompilerWarning,
            stacklevel=3,
        )
        return False
    return True


def first_sentence(error: BaseException) -> str:
    """The first line of an error's innermost cause."""
    while error.__cause__ is not None:
        error = error.__cause__
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
