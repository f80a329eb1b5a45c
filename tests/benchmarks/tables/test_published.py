"""The published numbers agree with themselves, and a wrong file is one clear error."""

import math
from pathlib import Path

import pytest

from benchmarks.settings.reading import ConfigError
from benchmarks.tables.published import PATH, load_published

PUBLISHED = load_published().tables


@pytest.mark.parametrize(
    ("table", "titles"),
    [
        ("celebahq64", "Functa, GEM, GASP, DPF, mNIF-S, mNIF-L, LIFT"),
        ("shapenet64", "GEM, GASP, DPF, mNIF-S, mNIF-L, LIFT"),
        ("cifar10", "ResNet-50, ResNeXt, ViT/4, Swin/2, Functa, Spatial Functa, LIFT, LIFT, LIFT"),
    ],
)
def test_every_row_is_there_in_the_papers_order(table: str, titles: str) -> None:
    rows = [row.title.split(", n =")[0] for row in PUBLISHED[table].rows]
    assert rows == titles.split(", ")


def test_latent_sizes_are_those_of_their_shapes() -> None:
    for row in PUBLISHED["latent_size"].rows[:-1]:
        shapes = row.title.removesuffix(" (default)").split(", ")
        floats = sum(math.prod(int(side) for side in shape.split("×")) for shape in shapes)  # noqa: RUF001
        assert row.values["latent_floats"] == floats


@pytest.mark.parametrize("row", PUBLISHED["celebahq64"].rows, ids=lambda row: row.title)
def test_f1_is_the_harmonic_mean_of_precision_and_recall(row) -> None:
    precision, recall, f1 = (float(row.values[key]) for key in ("precision", "recall", "f1"))
    assert 2 * precision * recall / (precision + recall) == pytest.approx(f1, abs=1e-3)


def test_mean_psnr_is_at_least_that_of_the_mean_error() -> None:
    """Jensen's inequality; a pair that broke it would mix two scales."""
    for row in PUBLISHED["shapenet64"].rows:
        if "mse" in row.values:
            assert float(row.values["psnr"]) >= -10 * math.log10(row.values["mse"])


def test_printed_ratios_of_operations_follow() -> None:
    """The paper's text: 6.2 times below mNIF-L on images, 47 times below GEM on shapes."""
    images = {row.title: row.values.get("macs") for row in PUBLISHED["celebahq64"].rows}
    shapes = {row.title: row.values.get("macs") for row in PUBLISHED["shapenet64"].rows}
    assert float(images["mNIF-L"] / images["LIFT"]) == pytest.approx(6.2, abs=0.05)
    assert float(shapes["GEM"] / shapes["LIFT"]) == pytest.approx(47, abs=0.5)


def test_cost_table_repeats_what_the_other_tables_print() -> None:
    scale = {"celebahq64": {"macs": 1000}, "shapenet64": {}, "cifar10": {}}
    for cost in PUBLISHED["cost"].rows:
        name = cost.title.split(",")[0].removesuffix(" with two hidden layers")
        row = next(row for row in PUBLISHED[cost.dataset].rows if row.title.split(",")[0] == name)
        assert row.method == (cost.method and cost.method.removesuffix("-two-layers"))
        for key, value in cost.values.items():
            if key != "latent_floats":
                assert row.values[key] == value * scale[cost.dataset].get(key, 1), (cost.title, key)


def test_digits_are_kept_as_printed() -> None:
    lift = PUBLISHED["celebahq64"].rows[-1]
    assert str(lift.values["precision"]) == "0.900"


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("values: {psnr: 26.6", "values: {psnrr: 26.6", "row 'Functa': no column psnrr"),
        ("psnr: 26.6", "psnr: about 27", "rows.0.values.psnr.*got 'about 27'"),
        ("better: higher", "better: more", "columns.psnr.better.*got 'more'"),
        ("title: GASP, values", "title: GASP, color: red, values", "color: Extra inputs"),
        ("printed_as: mse}", "printed_as: rmse}", "printed_as 'rmse' is no column"),
        ("    title: CelebA-HQ 64²,", "    titles: CelebA-HQ 64²,", "titles: Extra inputs"),
        ("{title: DPF, values", "{title: GASP, values", "two rows have the same title"),
        ("tables:", "tables: [", "not YAML"),
    ],
)
def test_wrong_file_is_one_clear_error(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    path = tmp_path / "published.yaml"
    text = PATH.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError, match=complaint) as caught:
        load_published(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone\.yaml: no such file"):
        load_published(tmp_path / "gone.yaml")
