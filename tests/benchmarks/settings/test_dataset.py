import pytest

from benchmarks.datasets.loaders import load_raw
from benchmarks.records.provenance import code_digest
from benchmarks.settings.dataset import known_datasets, load_dataset_config
from tests.benchmarks.settings.configuration import edited


@pytest.mark.parametrize("name", known_datasets())
def test_every_data_set_is_configured_and_has_a_loader(name):
    config = load_dataset_config(name)
    assert code_digest(config.loader)
    assert not (config.published and config.name != config.stands_for)


def test_pictures_of_people_are_never_shared():
    assert not any(
        load_dataset_config(name).shareable for name in ("celeba64", "celebahq64", "celebahq256")
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"resolutoin": 3}, r"cifar10.yaml: resolutoin: .*expected name, title, kind"),
        ({"resolution": "big"}, r"cifar10.yaml: resolution: .*integer.*got 'big'"),
        ({"resolution": 0}, r"cifar10.yaml: resolution: .*greater than 0; got '0'"),
        ({"stands_for": "mnist"}, r"cifar10.yaml: stands_for: 'mnist', expected one of celeba64"),
        ({"name": "other"}, r"cifar10.yaml: name: 'other', expected 'cifar10'"),
        ({"source": {"pth": "x"}}, r"cifar10.yaml: source.pth: .*expected path, download"),
        ({"source": {"train": "many"}}, r"cifar10.yaml: source.train: .*integer; got 'many'"),
        ({"loader": "none"}, r"module 'none' cannot be imported: No module named 'none'"),
        ({"loader": "lift.psnr"}, r"cifar10: loader: 'lift.psnr' has no function `load`"),
    ],
)
def test_a_mistake_is_named_with_file_key_and_value(tmp_path, monkeypatch, changes, message):
    edited(monkeypatch, tmp_path, "datasets/cifar10.yaml", lambda c: c.update(changes))
    with pytest.raises((ValueError, RuntimeError), match=message):
        load_raw(load_dataset_config("cifar10"))
