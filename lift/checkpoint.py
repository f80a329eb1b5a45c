"""Training state in one safetensors file: weights, optimisers' moments, and their step.

A checkpoint knows what it belongs to: the settings and data that change weights, its *identity*.
One of another identity is never continued unasked and never lost: it is moved aside. Where it is
continued as asked, its progress and the weights that come of it say so from then on.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.optim import Adam, Optimizer
from tqdm import tqdm

from lift.files import replacing, unfinished_of

Identity = dict[str, Any]
"""A JSON value: the settings and data that change the weights of a training."""


Continuation = dict[str, Any]
"""Where a state of another identity was continued: its ``step``, and the ``differences``."""


class CheckpointError(RuntimeError):
    """A checkpoint or weights file that cannot be read, or that belongs to something else."""


Metadata = dict[str, Any]
"""A JSON value beside tensors."""


def save_tensors(path: Path, tensors: dict[str, Tensor], metadata: Metadata) -> None:
    """Writes tensors and metadata, whole or not at all; the same bytes for the same content."""
    # One entry, because safetensors writes several in an order that differs between processes.
    state = {"state": json.dumps(metadata)}
    on_host = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with replacing(path) as unfinished:
        try:
            save_file(on_host, unfinished, state)
        except SafetensorError as error:  # it wraps the operating system's error in its own type
            raise OSError(str(error)) from error


def load_tensors(path: Path) -> tuple[dict[str, Tensor], Metadata]:
    """Reads what `save_tensors` wrote; of a file from elsewhere the metadata is empty.

    Raises:
        CheckpointError: the file is truncated or is no safetensors file.
    """
    try:
        with safe_open(path, framework="pt") as file:
            names = list(file.keys())
            return {name: file.get_tensor(name) for name in names}, _metadata(file)
    except (SafetensorError, OSError, ValueError) as error:
        raise CheckpointError(
            f"{path}: not a readable safetensors file ({error}); delete it to start again"
        ) from error


@dataclass(frozen=True)
class Checkpoint:
    """The file of one training's state.

    Args:
        identity: what the state must have been made with to be continued.
        code: names the code that runs; a change of it is said, and continued.
        resume_anyway: continues a state of another identity too.
    """

    path: Path
    identity: Identity
    code: str = ""
    resume_anyway: bool = False

    def save(
        self, module: nn.Module, optimisers: Sequence[Optimizer], progress: dict[str, Any]
    ) -> None:
        """Saves weights, moments and progress, a JSON value, whole or not at all."""
        tensors = {f"field.{name}": tensor for name, tensor in module.state_dict().items()}
        for name, parameter in module.named_parameters():
            for optimiser in optimisers:
                for moment, value in optimiser.state.get(parameter, {}).items():
                    tensors[f"{moment}.{name}"] = value
        state = {"identity": self.identity, "code": self.code, "progress": progress}
        save_tensors(self.path, tensors, state)

    def metadata(self, continued: list[Continuation]) -> Metadata:
        """Of weights that this training made."""
        return {"identity": self.identity, "code": self.code, "continued": continued}

    def peek(self) -> dict[str, Any] | None:
        """The progress that can be continued, before anything is restored; None where none can.

        Its ``continued`` lists every `Continuation` so far, this one too. What a kill left of
        unfinished saves is removed: a folder has one training at a time.

        Raises:
            CheckpointError: the file is damaged.
        """
        for left in unfinished_of(self.path):
            left.unlink(missing_ok=True)
        if not self.path.exists():
            return None
        try:
            state = load_metadata(self.path)
            identity, code, progress = (state[key] for key in ("identity", "code", "progress"))
        except KeyError as error:
            raise CheckpointError(
                f"{self.path}: holds no training state ({error}); delete it to start again"
            ) from error
        changes = differences(identity, self.identity)
        if changes and not self.resume_anyway:
            move_aside(self.path, changes, "starting again (--resume-anyway continues it)")
            return None
        if changes:
            tqdm.write(f"{self.path}: other settings, continued ({'; '.join(changes[:3])})")
            now = {"step": progress["step"], "differences": changes}
            progress = {**progress, "continued": [*progress.get("continued", []), now]}
        self.say_code_changed(self.path, code)
        tqdm.write(f"{self.path}: continuing at step {progress['step']}")
        return dict(progress)

    def say_code_changed(self, path: Path, code: str) -> None:
        """Says that what lies at a path was made by other code, where it was."""
        if code != self.code:
            tqdm.write(f"{path}: code changed since ({code or '-'}, now {self.code or '-'})")

    def restore(self, module: nn.Module, optimisers: Sequence[Optimizer]) -> None:
        """Restores weights and moments in place.

        Raises:
            CheckpointError: the file is damaged, or is not this module's.
        """
        tensors, _ = load_tensors(self.path)
        try:
            module.load_state_dict({name: tensors[f"field.{name}"] for name in module.state_dict()})
        except (KeyError, RuntimeError) as error:
            raise CheckpointError(
                f"{self.path}: not this field's training state ({error}); delete it to start again"
            ) from error
        trained = {id(p) for one in optimisers for g in one.param_groups for p in g["params"]}
        for name, parameter in module.named_parameters():
            if id(parameter) not in trained:
                continue
            moments = {
                key.removesuffix(f".{name}"): tensor
                for key, tensor in tensors.items()
                if key.endswith(f".{name}") and "." not in key.removesuffix(f".{name}")
            }
            moments.pop("field", None)
            for optimiser in optimisers:
                # Muon's averages say nothing to Adam, nor Adam's to Muon.
                own = ("exp_avg" in moments) == isinstance(optimiser, Adam)
                if own and any(parameter is p for g in optimiser.param_groups for p in g["params"]):
                    optimiser.state[parameter] = {
                        moment: tensor.to("cpu" if moment == "step" else parameter.device)
                        for moment, tensor in moments.items()
                    }


def load_metadata(path: Path) -> Metadata:
    """The metadata alone of what `save_tensors` wrote.

    Raises:
        CheckpointError: the file is truncated or is no safetensors file.
    """
    try:
        with safe_open(path, framework="pt") as file:
            return _metadata(file)
    except (SafetensorError, OSError, ValueError) as error:
        raise CheckpointError(
            f"{path}: not a readable safetensors file ({error}); delete it to start again"
        ) from error


def _metadata(file: Any) -> Metadata:
    return dict(json.loads((file.metadata() or {}).get("state", "{}")))


def differences(before: Any, now: Any, where: str = "") -> list[str]:
    """Where two JSON values differ, one line a leaf: ``fit.rate 0.001, now 0.002``."""
    if isinstance(before, dict) and isinstance(now, dict):
        keys = dict.fromkeys([*before, *now])
        return [
            line
            for key in keys
            for line in differences(before.get(key), now.get(key), f"{where}.{key}".lstrip("."))
        ]
    return [] if before == now else [f"{where} {before}, now {now}"]


def described(continued: Sequence[Continuation]) -> str:
    """``continued at step 3,000 with other fit.steps, fit.rate``; nothing of a training of one
    identity."""
    lines = []
    for one in continued:
        names = ", ".join(line.partition(" ")[0] for line in one["differences"])
        lines.append(f"continued at step {one['step']:,} with other {names}")
    return "; ".join(dict.fromkeys(lines))


def move_aside(path: Path, changes: Sequence[str], then: str) -> None:
    """Renames what other settings made to a free name beside it, and says so.

    The name is ``NAME.aside1.SUFFIX`` and so on.

    Args:
        changes: `differences` from what it was made with.
        then: what happens now.
    """
    number = 1
    while (aside := path.with_name(f"{path.stem}.aside{number}{path.suffix}")).exists():
        number += 1
    path.rename(aside)
    tqdm.write(
        f"{path}: made with other settings ({'; '.join(changes[:3])}); kept as {aside.name}, {then}"
    )
