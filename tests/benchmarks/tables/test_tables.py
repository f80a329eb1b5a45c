"""Tables from results on disk: what is shown, and what is said where nothing can be."""

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.records.result import Metric
from benchmarks.settings.method import MethodConfig
from benchmarks.settings.reading import ConfigError
from benchmarks.settings.scale import ScaleConfig
from benchmarks.tables import tables
from benchmarks.tables.about import SHORT
from benchmarks.tables.cells import TableCell
from benchmarks.tables.layout import MOST_CHARACTERS, MOST_COLUMNS
from benchmarks.tables.markdown import WIDTH, page
from benchmarks.tables.published import load_published
from benchmarks.tables.sources import told
from tests.benchmarks.tables.results_tree import CIFAR, CROPS, counts, psnr, scale_config, write

LIFT = MethodConfig(
    method="lift", title="LIFT", field="lift.model:LIFT", notes=["printed oddly"], settings={}
)


def build(
    root: Path, seeds: tuple[int, ...] = (0,), **cifar10: object
) -> tuple[str, dict[str, list[TableCell]]]:
    """The page and its cells, with other settings of the scale's CIFAR-10."""
    datasets = {"cifar10": CIFAR, "crops": CROPS}
    scale = scale_config(list(seeds)).model_dump()
    scale["datasets"]["cifar10"] |= cifar10
    sections, cells = tables.build(
        root, ScaleConfig.model_validate(scale), load_published(), datasets, {"lift": LIFT}
    )
    return page("tiny", tables.with_numbers(sections, "tiny")), cells


def cell(
    built: tuple[str, dict[str, list[TableCell]]], table: str, row: str, column: str
) -> TableCell:
    found = [c for c in built[1][table] if (c.row, c.column) == (row, column)]
    assert len(found) == 1
    return found[0]


def line(markdown: str, title: str, start: str) -> list[str]:
    """Cells of the first line that starts with ``start`` in the section of this title."""
    return lines(markdown, title, start)[0]


def lines(markdown: str, title: str, start: str) -> list[list[str]]:
    """The same of all such lines."""
    part = markdown.split(f"## {title}")[1].split("\n## ", maxsplit=1)[0]
    found = [entry for entry in part.splitlines() if entry.startswith(f"| {start}")]
    return [[cell.strip() for cell in entry.strip("|").split("|")] for entry in found]


def test_tables_without_any_result_keep_every_published_number_and_show_no_empty_grid(
    tmp_path: Path,
) -> None:
    markdown, cells = build(tmp_path)
    for name, table in load_published().tables.items():
        for row in table.rows:
            for column, value in row.values.items():
                assert cell((markdown, cells), name, row.title, column).published == float(value)
    assert all(entry.ours is None and entry.why_empty for part in cells.values() for entry in part)
    assert "\n|" not in markdown
    titles = "; ".join(table.title for table in load_published().tables.values())
    assert f"measured for them in scale `tiny`: {titles}" in " ".join(markdown.split())


def test_no_grid_is_wider_than_a_terminal_and_no_footnote_long(tmp_path: Path) -> None:
    for stage in ("reconstruction", "classification", "generation", "cost"):
        for dataset in ("cifar10", "crops"):
            write(tmp_path, dataset, [], stage=stage, failed="a long reason " * 40)
    markdown = build(tmp_path)[0]
    lines = markdown.splitlines()
    assert max(len(line) for line in lines if not line.startswith("|")) <= WIDTH
    grids = [line for line in lines if line.startswith("|")]
    assert len(grids) > 10
    assert max(line.count("|") for line in grids) <= MOST_COLUMNS + 1
    assert max(map(len, grids)) <= MOST_CHARACTERS
    notes = re.findall(r"^- \[.*(?:\n  .*)*", markdown, re.MULTILINE)
    assert notes
    assert max(map(len, notes)) < SHORT + 15


def test_columns_that_no_row_has_are_named_in_one_line(tmp_path: Path) -> None:
    write(tmp_path, "crops", psnr(test=31.2))
    part = build(tmp_path)[0].split("## CelebA-HQ 64²")[1].split("\n## ")[0]
    paragraphs = [" ".join(entry.split()) for entry in part.split("\n\n")]
    (said,) = [entry for entry in paragraphs if entry.startswith("Left out")]
    assert "PSNR, train" in said
    assert "FID, precision, recall, F1" in said
    assert "`tables/celebahq64.csv`" in said
    assert "does not run" not in said  # LIFT runs there, and it is its reason that counts
    assert "FID" not in next(entry for entry in part.splitlines() if entry.startswith("| method"))


def test_quoted_numbers_stand_in_brackets(tmp_path: Path) -> None:
    metrics = counts(macs=54_000_000, parameters=901_800)
    write(tmp_path, "celebahq64", metrics, scale="published", stage="cost")
    section = "CelebA-HQ 64², reconstruction and generation"
    shown = [cells[:3] for cells in lines(build(tmp_path)[0], section, "GASP")]
    assert shown == [["GASP", "(34.2)", ""], ["GASP", "(305)", ""]]


def test_lines_of_a_grid_have_as_many_cells_as_its_header(tmp_path: Path) -> None:
    for part in build(tmp_path)[0].split("\n\n"):
        if part.startswith("|"):
            assert len({entry.count("|") for entry in part.splitlines()}) == 1


def test_a_row_that_classifies_pixels_needs_no_field(tmp_path: Path) -> None:
    classified = {"methods": ["lift", "resnet50"], "signals": {"validation": 1}}
    metrics = [
        Metric(name="top1", value=94.1, unit="%", split="test", samples=10_000),
        *counts(classifier_parameters=23_520_842),
    ]
    write(tmp_path, "cifar10", metrics, method="resnet50", stage="classification")
    built = build(tmp_path, classification=classified)
    assert cell(built, "cifar10", "ResNet-50", "top1").ours == 94.1
    assert cell(built, "cifar10", "ResNet-50", "top1").difference == pytest.approx(-1.26)
    assert cell(built, "cifar10", "ResNet-50", "classifier_parameters").ours == 23.520842
    missing = cell(built, "cifar10", "ResNet-50", "psnr").why_empty
    assert missing == "scale tiny does not run this method on cifar10"


def test_difference_on_the_published_data_set(tmp_path: Path) -> None:
    write(tmp_path, "cifar10", psnr(test=31.2, train=31.9))
    built = build(tmp_path)
    found = cell(built, "cifar10", "LIFT, n = 1", "psnr")
    assert (found.ours, found.published) == (31.2, 35.95)
    assert found.difference == pytest.approx(-4.75)
    assert (found.split, found.samples, found.status, found.why_empty) == ("test", 2000, "ok", "")
    assert found.budget_fraction == pytest.approx(8e-5)
    shown = line(built[0], "CIFAR-10 32²", "LIFT, n = 1")
    assert shown[1:] == ["31.20 (35.95)", "-4.75", "31.90", "0.008 %"]


def test_a_row_of_quoted_numbers_alone_has_no_budget(tmp_path: Path) -> None:
    top1 = Metric(name="top1", value=80.1, unit="%", split="test", samples=2000)
    write(tmp_path, "cifar10", [top1], stage="classification")
    markdown, _ = build(tmp_path)
    measured = line(markdown, "CIFAR-10 32²", "LIFT, n = 1 ")
    quoted = line(markdown, "CIFAR-10 32²", "LIFT, n = 5 ")
    assert measured[1:] == ["80.10 (91.04)", "-10.94", "0.008 %"]
    assert (quoted[1][:7], quoted[-1]) == ("(95.30)", "")


def test_no_difference_to_another_data_set(tmp_path: Path) -> None:
    write(tmp_path, "crops", psnr(test=31.2))
    built = build(tmp_path)
    found = cell(built, "celebahq64", "LIFT", "psnr")
    assert (found.ours, found.published, found.difference) == (31.2, 39.4, None)
    assert found.why_empty == "no difference: crops is not CelebA-HQ 64²"
    assert line(built[0], "CelebA-HQ 64²", "LIFT") == ["LIFT", "31.20 (39.4)", "0.008 %"]
    assert "No differences of measured quality: crops is not CelebA-HQ 64²." in built[0]


def test_standing_in_is_not_being_the_data_set(tmp_path: Path) -> None:
    """A published data set counts only for its own table."""
    write(tmp_path, "cifar10", psnr(test=31.2))
    mixed = scale_config([0]).model_copy(update={"tables": {"celebahq64": "cifar10"}})
    _, cells = tables.build(tmp_path, mixed, load_published(), {"cifar10": CIFAR}, {})
    assert cell(("", cells), "celebahq64", "LIFT", "psnr").difference is None


def test_seeds_are_averaged_with_their_spread(tmp_path: Path) -> None:
    for seed, value in enumerate((30.0, 31.0, 32.0)):
        write(tmp_path, "cifar10", psnr(value), seed=seed)
    built = build(tmp_path, seeds=(0, 1, 2))
    found = cell(built, "cifar10", "LIFT, n = 1", "psnr")
    assert (found.ours, found.ours_std, found.seeds) == (31.0, 1.0, 3)
    assert line(built[0], "CIFAR-10 32²", "LIFT, n = 1")[1] == "31.00 ± 1.00 (35.95)"


def test_failed_seed_is_left_out_and_said(tmp_path: Path) -> None:
    write(tmp_path, "cifar10", psnr(30.0), seed=0)
    write(tmp_path, "cifar10", [], seed=1, stage="fit", failed="step 7: loss nan")
    built = build(tmp_path, seeds=(0, 1))
    found = cell(built, "cifar10", "LIFT, n = 1", "psnr")
    assert (found.ours, found.seeds, found.status) == (30.0, 1, "ok")
    assert found.note == "1 of 2 seeds; the others: fit failed: step 7: loss nan"
    assert found.difference == pytest.approx(-5.95)


def test_a_measurement_that_outlived_its_training_is_not_shown(tmp_path: Path) -> None:
    write(tmp_path, "cifar10", psnr(30.0))
    write(tmp_path, "cifar10", [], stage="fit", failed="step 7: loss nan")
    found = cell(build(tmp_path), "cifar10", "LIFT, n = 1", "psnr")
    assert (found.ours, found.status) == (None, "failed")
    assert found.why_empty == "fit failed: step 7: loss nan"


def test_a_number_over_fewer_signals_than_its_column_says_so(tmp_path: Path) -> None:
    for method in ("lift", "spatial_functa"):
        write(tmp_path, "cifar10", psnr(30.0), method=method)
    few = [Metric(name="psnr", value=20.0, unit="dB", split="test", samples=512)]
    write(tmp_path, "cifar10", few, method="functa")
    built = build(tmp_path, methods=["lift", "functa", "spatial_functa"])
    assert cell(built, "cifar10", "Functa", "psnr").note == "over 512 signals"
    assert cell(built, "cifar10", "LIFT, n = 1", "psnr").note == ""
    assert "2,000 test signals measured" in " ".join(built[0].split())


def test_failed_cell_says_failed_and_why(tmp_path: Path) -> None:
    write(tmp_path, "crops", [], failed="killed by signal 9")
    built = build(tmp_path)
    found = cell(built, "celebahq64", "LIFT", "psnr")
    assert (found.ours, found.status, found.why_empty) == (
        None,
        "failed",
        "failed: killed by signal 9",
    )
    assert line(built[0], "CelebA-HQ 64²", "LIFT")[1].startswith("failed (39.4) [")
    assert built[0].count("] failed: killed by signal 9") == 2  # once a section that shows it


@pytest.mark.parametrize("damage", [lambda whole: whole[:100], lambda whole: b"\xff" + whole])
def test_damaged_result_is_a_failed_cell(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    path = write(tmp_path, "cifar10", psnr(30.0))
    path.write_bytes(damage(path.read_bytes()))
    found = cell(build(tmp_path), "cifar10", "LIFT, n = 1", "psnr")
    assert found.status == "failed"
    assert "not JSON" in found.why_empty


def test_result_in_another_unit_names_its_file(tmp_path: Path) -> None:
    write(tmp_path, "cifar10", [Metric(name="psnr", value=30.0, unit="bel", split="test")])
    said = r"lift/seed0/reconstruction\.json: unit: 'bel', expected 'dB' as in the column"
    with pytest.raises(ConfigError, match=said):
        build(tmp_path)


@pytest.mark.parametrize(
    ("table", "row", "column", "reason"),
    [
        ("cifar10", "LIFT, n = 1", "psnr", "not run yet"),
        ("cifar10", "LIFT, n = 5", "top1", "scale tiny does not classify cifar10 with this method"),
        ("celebahq64", "LIFT", "fid", "scale tiny does not generate crops with this method"),
        ("celebahq64", "Functa", "psnr", "scale tiny does not run this method on crops"),
        ("celebahq64", "DPF", "fid", "quoted from the paper only: this project does not run it"),
        ("shapenet64", "LIFT", "psnr", "scale tiny has no data set for this table"),
        ("cost", "LIFT, CIFAR-10", "macs", "not counted yet"),
    ],
)
def test_empty_cell_says_why(
    tmp_path: Path, table: str, row: str, column: str, reason: str
) -> None:
    assert cell(build(tmp_path), table, row, column).why_empty == reason


def test_result_without_the_metric_says_so(tmp_path: Path) -> None:
    write(tmp_path, "cifar10", psnr(test=30.0))
    found = cell(build(tmp_path), "cifar10", "LIFT, n = 1", "psnr_train")
    assert found.why_empty == "scale tiny measured no PSNR, train"


def test_a_number_of_copies_that_was_not_run_is_named_beside_those_that_were(
    tmp_path: Path,
) -> None:
    top1 = Metric(name="top1", value=80.0, unit="%", split="test")
    write(tmp_path, "cifar10", [top1, *counts(copies=1)], stage="classification")
    built = build(tmp_path)
    for column in ("top1", "copies"):
        why = cell(built, "cifar10", "LIFT, n = 5", column).why_empty
        assert why == "not run with n = 5 copies; scale tiny ran n = 1"
    assert cell(built, "cifar10", "LIFT, n = 1", "top1").ours == 80.0


def test_default_latent_size_falls_back_to_lift_itself(tmp_path: Path) -> None:
    write(tmp_path, "crops", psnr(test=30.0))
    title = "1×1×256, 4×4×128, 8×8×64 (default)"  # noqa: RUF001
    assert cell(build(tmp_path), "latent_size", title, "psnr").ours == 30.0


def test_costs_are_compared_in_every_scale(tmp_path: Path) -> None:
    metrics = counts(macs=135_528_960, bias_adds=786_432, parameters=8_537_200)
    write(tmp_path, "cifar10", metrics, scale="published", stage="cost")
    built = build(tmp_path)
    found = cell(built, "cost", "LIFT, CIFAR-10", "macs_with_biases")
    assert found.ours == pytest.approx(0.136315392)
    assert found.difference == pytest.approx(0.000315392)
    shown = lines(built[0], "What one signal costs", "LIFT, CIFAR-10")
    assert any("+0.00032 (+0.2 %)" in cells for cells in shown)
    assert cell(built, "cost", "LIFT, CIFAR-10", "macs").difference is None  # printed with biases
    assert cell(built, "cost", "LIFT, CIFAR-10", "parameters").ours == pytest.approx(8.5372)
    assert "- printed oddly" in built[0].split("## What one signal costs")[1]


def test_other_feature_space_gets_a_column_of_its_own(tmp_path: Path) -> None:
    """Generation results reach the tables by their file; the schema has no stage for them yet."""
    metric = Metric(
        name="fd_effnetlite0", value=12.5, unit="1", split="generated", samples=500, note="few"
    )
    write(tmp_path, "crops", [metric], file="generation")
    built = build(tmp_path)
    found = cell(built, "celebahq64", "LIFT", "fd_effnetlite0")
    assert (found.ours, found.published, found.note) == (12.5, None, "few")
    assert cell(built, "celebahq64", "LIFT", "fid").why_empty.startswith("no Inception weights")
    assert "**Feature space**: effnetlite0." in built[0]


def test_undefined_signals_are_said(tmp_path: Path) -> None:
    value = Metric(name="psnr", value=20.0, unit="dB", split="test", samples=9, note="1 undefined")
    write(tmp_path, "cifar10", [value])
    assert "1 undefined" in build(tmp_path)[0]


def test_csv_holds_what_the_cells_hold_and_is_copied_to_the_top(tmp_path: Path) -> None:
    write(tmp_path, "cifar10", psnr(test=31.2, train=31.9))
    markdown, cells = build(tmp_path)
    frames = {name: tables.frame(found) for name, found in cells.items()}
    tables.write(tmp_path, "tiny", markdown, frames)
    for folder in (tmp_path, tmp_path / "tiny"):
        assert (folder / "tables.md").read_text(encoding="utf-8") == markdown
        read = pd.read_csv(folder / "tables" / "cifar10.csv", keep_default_na=False, na_values=[""])
        assert list(read.columns) == list(tables.CELL_COLUMNS)
        lines = read.astype(object).where(read.notna(), None).to_dict("records")
        for found, entry in zip(lines, cells["cifar10"], strict=True):
            assert found == {name: getattr(entry, name) or None for name in tables.CELL_COLUMNS} | {
                "seeds": entry.seeds
            }
        files = {path.name for path in (folder / "tables").iterdir()}
        assert files == {f"{name}.csv" for name in cells}


@pytest.mark.parametrize("scale", ["demo", "lite", "paper"])
def test_command_runs_for_every_scale(
    tmp_path: Path, scale: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["tables", "--scale", scale, "--root", str(tmp_path)])
    tables.main()
    assert (tmp_path / scale / "tables.md").exists()


def test_command_names_an_unknown_scale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["tables", "--scale", "huge", "--root", str(tmp_path)])
    with pytest.raises(SystemExit, match=r"tables: .*huge\.yaml: no such file"):
        tables.main()
    assert not list(tmp_path.iterdir())


def test_a_grid_has_no_row_that_only_says_it_is_empty(tmp_path: Path) -> None:
    metrics = [
        *psnr(test=31.2),
        Metric(name="rfd_effnetlite0", value=25.0, unit="1", split="test", samples=2000),
        Metric(name="psnr", value=1.0, unit="dB", split="train", samples=1),
    ]
    write(tmp_path, "crops", metrics)
    text = build(tmp_path)[0]
    part = text.split("## Latent sizes of LIFT")[1].split("\n## ")[0]
    rows = [entry for entry in part.splitlines() if entry.startswith("| ")][1:]
    assert len(rows) > 1
    assert all(
        any(c.isdigit() for c in entry.split("|", 2)[2].replace("[1]", "")) for entry in rows
    )
    used = set(re.findall(r"\[(\d+)\]", "\n".join(rows)))
    assert used == set(re.findall(r"^- \[(\d+)\]", part, re.MULTILINE))


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("/home/me/lift/results/demo/a/fit.json: damaged", "results/demo/a/fit.json: damaged"),
        ("results/demo/data/seed0/fit.json: damaged", "results/demo/data/seed0/fit.json: damaged"),
        ("see '/srv/x/data/cifar10/train.npy'", "see 'data/cifar10/train.npy'"),
    ],
)
def test_reasons_name_files_from_the_projects_folder(said, shown):
    assert told(said) == shown
