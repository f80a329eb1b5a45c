"""Imports torchvision where its compiled part does not fit the installed torch.

The wheels of the package registry are CUDA builds. On a CPU build of torch their operators do not
load, and torchvision then fails to describe the missing ``nms``. Declaring its signature is enough:
nothing here calls it.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

import torch

SIGNATURE = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"

_kept: list[torch.library.Library] = []
"""A library's operators vanish with it."""


def import_torchvision() -> ModuleType:
    """The torchvision module; call it before importing anything that imports torchvision.

    Raises:
        ImportError: torchvision is not installed.
        RuntimeError: it fails for another reason than its missing operators.
    """
    try:
        return importlib.import_module("torchvision")
    except RuntimeError as error:
        if "torchvision::nms" not in str(error) or _kept:
            raise
    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        del sys.modules[name]
    library = torch.library.Library("torchvision", "FRAGMENT")
    for operator in ("nms", "qnms"):
        library.define(f"{operator}{SIGNATURE}")
    _kept.append(library)
    return importlib.import_module("torchvision")
