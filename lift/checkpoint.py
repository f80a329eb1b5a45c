"""Training state in one safetensors file: weights, Adam's moments, and the step they belong to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from lift.files import replacing

MOMENTS = ("step", "exp_avg", "exp_avg_sq")


class CheckpointError(RuntimeError):
    """A checkpoint or weights file that cannot be read, or that belongs to something else."""


def save_tensors(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
    """Writes tensors and metadata, whole or not at all."""
    on_host = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with replacing(path) as unfinished:
        try:
            save_file(on_host, unfinished, metadata)
        except SafetensorError as error:  # it wraps the operating system's error in its own type
            raise OSError(str(error)) from error


def load_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Reads what `save_tensors` wrote.

    Raises:
        CheckpointError: the file is truncated or is no safetensors file.
    """
    try:
        with safe_open(path, framework="pt") as file:
            names = list(file.keys())
            return {name: file.get_tensor(name) for name in names}, file.metadata() or {}
    except (SafetensorError, OSError, ValueError) as error:
        raise CheckpointError(
            f"{path}: not a readable safetensors file ({error}); delete it to start again"
        ) from error


def save_checkpoint(
    path: Path, field: nn.Module, optimizer: torch.optim.Adam, state: dict[str, Any]
) -> None:
    """Saves a training state; ``state`` is any JSON value with at least ``step``.

    Args:
        field: what is trained; parameters that need no gradient have no moments (averaged weights).
    """
    tensors = {f"field.{name}": tensor for name, tensor in field.state_dict().items()}
    for name, parameter in _trained(field):
        for moment in MOMENTS:
            tensors[f"{moment}.{name}"] = optimizer.state[parameter][moment]
    save_tensors(path, tensors, {"state": json.dumps(state)})


def _trained(field: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    return ((name, p) for name, p in field.named_parameters() if p.requires_grad)


def load_checkpoint(
    path: Path, field: nn.Module, optimizer: torch.optim.Adam, identity: str
) -> dict[str, Any] | None:
    """Restores a training state in place and returns what was saved beside it.

    Returns None, and touches nothing, where the checkpoint was made by another configuration or
    other code (``identity`` differs): such a state must not be continued.

    Raises:
        CheckpointError: the file is damaged.
    """
    tensors, metadata = load_tensors(path)
    try:
        state = json.loads(metadata["state"])
        if state["identity"] != identity:
            return None
        field.load_state_dict({name: tensors[f"field.{name}"] for name in field.state_dict()})
        for name, parameter in _trained(field):
            optimizer.state[parameter] = {
                moment: tensors[f"{moment}.{name}"].to(
                    "cpu" if moment == "step" else parameter.device
                )
                for moment in MOMENTS
            }
    except (KeyError, RuntimeError, json.JSONDecodeError) as error:
        raise CheckpointError(
            f"{path}: does not hold this field's training state ({error}); delete it to start again"
        ) from error
    return dict(state)
