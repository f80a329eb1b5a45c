"""Tiny data sets in the forms that their users have them."""

import io
import pickle

import numpy as np
from PIL import Image

from benchmarks.datasets.dataset import open_prepared
from benchmarks.datasets.loaders import load_raw
from benchmarks.datasets.store import prepare
from benchmarks.settings.dataset import load_dataset_config


def config(name, resolution=None, **source):
    """A data set's own configuration with another source, and perhaps another resolution."""
    original = load_dataset_config(name)
    changed = {"source": original.source | source, "resolution": resolution or original.resolution}
    return original.model_copy(update=changed)


def prepared(settings, directory):
    """Prepares a data set and opens it."""
    prepare(settings, load_raw(settings), directory)
    return open_prepared(directory)


def noise(count, size, seed=0):
    """Images ``(count, size, size, 3)`` uint8 that no two pixels of are likely to be equal."""
    return np.random.default_rng(seed).integers(0, 256, (count, size, size, 3), np.uint8)


def blobs(count, resolution, seed=0):
    """Grids ``(count, R, R, R)`` uint8, none empty."""
    rng = np.random.default_rng(seed)
    grids = (rng.random((count, *(resolution,) * 3)) < 0.2).astype(np.uint8)
    grids[:, 0, 0, 0] = 1
    return grids


def save(array, path, **options):
    """Writes one picture; the suffix says in which format."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path, **options)


def encoded(array, form, **options):
    """The bytes of one picture."""
    file = io.BytesIO()
    Image.fromarray(array).save(file, form, **options)
    return file.getvalue()


def cifar_batch(images, labels):
    """A batch as the official files hold it: rows of red, green and blue planes."""
    data = images.transpose(0, 3, 1, 2).reshape(len(images), -1)
    return pickle.dumps({b"data": data, b"labels": [int(label) for label in labels]}, protocol=2)


def flat(images):
    """What ``Split.batch`` makes of images, ``(n, R * R, 3)`` float32 in [0, 1]."""
    return images.reshape(len(images), -1, 3).astype(np.float32) / np.float32(255)
