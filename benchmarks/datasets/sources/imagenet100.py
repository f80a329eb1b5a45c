"""ImageNet-100: a hundred classes of ImageNet (Russakovsky et al. 2015), in ImageNet's layout.

The usual list of classes is that of contrastive multiview coding (Tian et al., ECCV 2020); it is
in the configuration. Pictures are reduced to 256 on their shorter side, and cropped in the middle.
"""

from __future__ import annotations

from PIL import Image

from benchmarks.datasets.errors import DatasetError
from benchmarks.datasets.formats.archives import Folder
from benchmarks.datasets.formats.class_folders import class_folder_split
from benchmarks.datasets.formats.pictures import read_rgb, reduce_and_crop
from benchmarks.datasets.location import located
from benchmarks.datasets.raw import Raw
from benchmarks.settings.dataset import DatasetConfig, Settings


class ImageNet100Settings(Settings):
    """``path`` holds ``train/nXXXXXXXX/`` and ``val/nXXXXXXXX/``; other classes are ignored."""

    path: str = "imagenet"
    classes: list[str]


def load(config: DatasetConfig) -> Raw:
    """From a folder in ImageNet's layout, its validation part as the test split.

    Grayscale and CMYK files, which ImageNet has, are turned into RGB.

    Raises:
        DatasetError: the folder or one of its class folders is missing.
    """
    settings = config.settings(ImageNet100Settings)
    path = located(settings.path)
    if not path.is_dir():
        found = "a file" if path.exists() else "nothing"
        raise DatasetError(
            f"{path}: {found}, expected a folder with train/{settings.classes[0]}/*.JPEG and val/"
        )

    def decode(data: bytes, name: str) -> Image.Image:
        return reduce_and_crop(read_rgb(data, name, "convert"), config.resolution)

    files = Folder(path)
    classes = tuple(settings.classes)
    train, test = (class_folder_split(files, part, classes, decode) for part in ("train", "val"))
    used = tuple(f"{part}/{name}/" for part in ("train", "val") for name in classes)
    sources = files.fingerprint([name for name in files.listing() if name.startswith(used)])
    rule = f"ImageNet's train and validation parts: {train.count:,} / {test.count:,}"
    return Raw(train, test, rule, classes, sources)
