"""The Inception network of 2015 that every published FID is computed with, from checked weights."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch
from torch import nn

from baselines.torchvision_guard import import_torchvision
from benchmarks.records.provenance import sha256

VARIABLE = "LIFT_INCEPTION"
FILE = "pt_inception-2015-12-05-6726825d.pth"
CHECKSUM = "6726825d"
"""First digits of the weights' SHA-256, as pytorch-fid's file name gives them."""
SOURCE = f"https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/{FILE}"
DOWNLOAD = "download"
FEATURES = 2048
MISSING = (
    f"no Inception weights here: set {VARIABLE} to the path of pytorch-fid's {FILE}, or to "
    f"{DOWNLOAD}; distances in other feature spaces stand in columns of their own"
)


class InceptionError(RuntimeError):
    """Weights that are missing, damaged, or other ones."""


def weights_path() -> Path | None:
    """Where the weights are said to be, fetched if so asked; None where nobody said.

    Raises:
        InceptionError: they cannot be fetched.
    """
    named = os.environ.get(VARIABLE)
    if named == DOWNLOAD:
        return fetch()
    return Path(named) if named else None


def fetch(source: str = SOURCE, checksum: str = CHECKSUM) -> Path:
    """The weights in torch's cache (`TORCH_HOME`), downloaded if they are not there.

    Raises:
        InceptionError: the download fails, or is not the published file; nothing is kept of it.
    """
    path = Path(torch.hub.get_dir()) / "checkpoints" / FILE
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            torch.hub.download_url_to_file(source, str(path), checksum, progress=False)
        except (OSError, RuntimeError) as error:
            raise InceptionError(f"{source}: {error}; expected {FILE}") from error
    return path


def load_inception(path: Path, checksum: str = CHECKSUM) -> nn.Module:
    """clean-fid's port of pytorch-fid's network, features before the last layer.

    It takes images ``(B, 3, 299, 299)`` in ``[0, 1]`` and lists one ``(B, 2048, 1, 1)``.

    Raises:
        InceptionError: the file is missing, or is not the published one.
    """
    found = sha256(path) if path.exists() else "nothing"
    if not found.startswith(checksum):
        raise InceptionError(
            f"{path}: SHA-256 {found[:12]}, expected {checksum}...; fetch {FILE} again"
        )
    import_torchvision()
    from cleanfid import inception_pytorch  # noqa: PLC0415  # needs the guard above

    def verified(*_: Any, **__: Any) -> dict[str, torch.Tensor]:
        return torch.load(path, map_location="cpu", weights_only=True)

    # clean-fid's constructor downloads into a cache without a checksum; this name is its only door.
    download = inception_pytorch.load_state_dict_from_url
    inception_pytorch.load_state_dict_from_url = verified
    try:
        return inception_pytorch.InceptionV3(resize_input=False).eval()
    except RuntimeError as error:
        raise InceptionError(f"{path}: not the network's weights ({error})") from error
    finally:
        inception_pytorch.load_state_dict_from_url = download
