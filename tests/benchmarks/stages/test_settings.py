"""Before a stage begins, the settings of all stages of its cell are checked."""

import pytest

from benchmarks.settings.reading import ConfigError
from benchmarks.stages.settings import resolve_all
from tests.benchmarks.settings.configuration import edited
from tests.benchmarks.stages.commands import IMAGES, edit


def wrong(part: str, group: str, **changes):
    def change(scale):
        data = scale["datasets"][IMAGES.dataset]
        own = data["overrides"] if part == "generation" else data["classification"]["overrides"]
        own = own["lift"][part] if part == "generation" else own["lift"]
        own.setdefault(group, {}).update(changes)

    return change


MISTAKES = [
    (wrong("generation", "train", rate=-1.0), "generation of lift.*train.rate: .*got '-1.0'"),
    (wrong("generation", "network", widht=3), "network.widht: .*got '3'; expected widths, blocks"),
    (wrong("generation", "network", blocks=0), "network.blocks: .*got '0'"),
    (wrong("classification", "training", stpes=3), r"training\.stpes: .*got '3'"),
    (wrong("classification", "settings", widht=3), r"demo\.yaml: .*settings\.widht: .*got '3'"),
    (wrong("classification", "settings", width=0), r"demo\.yaml: .*settings\.width: .*got '0'"),
]


@pytest.mark.parametrize(("change", "message"), MISTAKES)
def test_a_mistake_of_a_later_stage_is_found(monkeypatch, tmp_path, change, message):
    edited(monkeypatch, tmp_path, "scales/demo.yaml", change)
    with pytest.raises(ConfigError, match=message):
        resolve_all("demo", IMAGES.dataset, "lift", 0)


def test_fit_does_not_begin_where_the_classifier_cannot(classified_copy, monkeypatch):
    edit(classified_copy, wrong("classification", "settings", widht=3))
    said = IMAGES.failure(monkeypatch, classified_copy, "fit")
    assert "settings.widht: Extra inputs are not permitted; got '3'" in said


def test_a_classifier_of_pixels_has_no_field_to_fit(classified_copy, monkeypatch):
    IMAGES.arguments(monkeypatch, classified_copy, method="vit4")
    found = resolve_all("demo", IMAGES.dataset, "vit4", 0)
    assert found.cell is None
    assert found.classification
