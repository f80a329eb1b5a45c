"""Before a stage begins, the settings of all stages of its cell are checked."""

import pytest

from benchmarks.settings.names import configured_cells, parse_cell
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
    (wrong("generation", "train", rate=-1.0), "generation.train.rate: .*got '-1.0'"),
    (wrong("generation", "network", widht=3), "network.widht: .*got '3'; expected widths, blocks"),
    (wrong("generation", "network", blocks=0), "network.blocks: .*got '0'"),
    (wrong("classification", "training", stpes=3), r"training\.stpes: .*got '3'"),
    (wrong("classification", "settings", widht=3), r"demo\.yaml: .*settings\.widht: .*got '3'"),
    (wrong("classification", "settings", width=0), r"demo\.yaml: .*settings\.width: .*got '0'"),
    (
        wrong("generation", "network", widths=[7]),
        r"demo\.yaml: .*overrides\.lift\.generation\.network\.widths: .*multiples of 32",
    ),
    (
        wrong("generation", "network", widths=[32] * 5),
        r"demo\.yaml: .*network\.widths: 5 resolutions of a grid \(8, 8\); expected sizes",
    ),
]


@pytest.mark.parametrize(("change", "message"), MISTAKES)
def test_a_mistake_of_a_later_stage_is_found(monkeypatch, tmp_path, change, message):
    edited(monkeypatch, tmp_path, "scales/demo.yaml", change)
    with pytest.raises(ConfigError, match=message):
        resolve_all("demo", IMAGES.dataset, "lift", 0)


@pytest.mark.parametrize("scale", ["demo", "lite", "budget", "paper"])
def test_networks_of_every_cell_can_be_built(scale):
    for name in configured_cells():
        cell = parse_cell(name)
        if cell.scale == scale:
            resolve_all(*cell[:3], 0)


def test_a_head_that_cannot_run_is_found(monkeypatch, tmp_path):
    def change(scale):
        own = scale["datasets"][IMAGES.dataset]["classification"]["overrides"]
        own["vit4"]["settings"]["heads"] = 5

    edited(monkeypatch, tmp_path, "scales/demo.yaml", change)
    with pytest.raises(ConfigError, match="width: 64, expected a multiple of the 5 heads"):
        resolve_all("demo", IMAGES.dataset, "vit4", 0)


@pytest.mark.parametrize(
    ("method", "setting", "value", "said"),
    [
        ("functa", "geometry", "fused", r"functa\.generation\.geometry: 'fused' for a Functa"),
        ("lift", "places", 3, r"demo\.yaml: .*lift\.generation\.places: places: 3"),
        ("spatial_functa", "places", 2, "places: 2, geometry: scales; expected `fused`"),
    ],
)
def test_a_view_that_a_field_does_not_have_is_refused(
    monkeypatch, tmp_path, method, setting, value, said
):
    def change(scale):
        own = scale["datasets"][IMAGES.dataset]["overrides"]
        own[method]["generation"][setting] = value

    edited(monkeypatch, tmp_path, "scales/demo.yaml", change)
    with pytest.raises(ConfigError, match=said):
        resolve_all("demo", IMAGES.dataset, method, 0)


def test_fit_does_not_begin_where_the_classifier_cannot(classified_copy, monkeypatch):
    edit(classified_copy, wrong("classification", "settings", widht=3))
    said = IMAGES.failure(monkeypatch, classified_copy, "fit")
    assert "settings.widht: Extra inputs are not permitted; got '3'" in said


def test_a_classifier_of_pixels_has_no_field_to_fit(classified_copy, monkeypatch):
    IMAGES.arguments(monkeypatch, classified_copy, method="vit4")
    found = resolve_all("demo", IMAGES.dataset, "vit4", 0)
    assert found.cell is None
    assert found.classification
