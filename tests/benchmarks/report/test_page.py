"""What the report says, and that everything is inside it."""

import re
import shutil
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from benchmarks.figures.reconstruction import reconstruction_sheet
from benchmarks.figures.signal_sheet import signal_sheet
from benchmarks.records.result import Budget, Metric, Provenance, Result, write_result
from benchmarks.report.charts import points_seen
from benchmarks.report.main_figures import link_figures
from benchmarks.report.page import content, dataset_of, page
from benchmarks.report.ranking import budget_of, ranking, sureness
from benchmarks.report.runs import facts, planned
from benchmarks.report.runs_table import runs_table
from benchmarks.report.sheets import Sheet
from benchmarks.settings.dataset import load_dataset_config
from benchmarks.settings.scale import load_scale
from tests.benchmarks.report.conftest import PROVENANCE
from tests.benchmarks.tables.results_tree import leave_learning_curve

LIMIT = 15_000_000


def without_scripts(html):
    return re.sub(r"<(script|style)\b.*?</\1>", "", html, flags=re.DOTALL)


def test_every_picture_is_inside_and_described(html):
    pictures = re.findall(r"<img [^>]*>", html)
    assert len(pictures) > 4
    for picture in pictures:
        assert 'src="data:image/webp;base64,' in picture
        assert re.search(r'alt="[^"]{5,}"', picture)
        assert re.search(r'width="\d+" height="\d+"', picture)
    described = re.findall(r'<img [^>]*alt="([^"]*)"', html)
    assert len(set(described)) == len(described)
    assert len(html.encode()) < LIMIT


def test_first_screen_says_what_ran_and_what_did_not(html, found):
    counts = dict(found["counts"])
    assert counts["failed"] == 1
    assert counts["partly run"] == 1
    assert sum(counts.values()) == len(found["runs"])
    for said in (
        "0123456789ab",
        "cpu (Chip, 4 cores, 8 GB), 2 threads",
        "torch 2.13.0",
        "28 min in all stages (fit 14 min,",
        "2026-03-01 (5 results without a date)",
        "The heading of a column sorts its table.",
    ):
        assert said in html
    failed, *others = found["problems"]
    assert (failed.state, failed.cells) == ("failed", ["Functa"])
    assert failed.why == "generation: step 7: loss nan"
    assert failed.why in html
    images = [each for each in others if each.dataset == "embedded-images"]
    partly, nothing = (
        next(each for each in images if each.state == state) for state in ("partly run", "not run")
    )
    assert (partly.cells, partly.why[:22]) == (["LIFT"], "no result yet of gener")
    assert {"Spatial Functa", "mNIF-S", "LIFT (lift-1600)"} < set(nothing.cells)


def test_every_result_says_when_and_with_what_it_was_made(found):
    table = found["runs_table"]
    rows = [[cell.text for cell in row] for row in table.rows]
    assert [row[1] for row in rows if row[0] == "embedded-images, LIFT"] == [
        "fit", "encode", "reconstruction", "interpolation",
    ]  # fmt: skip
    assert rows[0][2:] == [
        "done", "2026-03-01 14:05", "12 min", "0123456789ab", "cpu (Chip, 4 cores, 8 GB), 2 threads"
    ]  # fmt: skip
    failed = next(row for row in rows if row[2] == "failed")
    assert failed[:4] == ["embedded-images, Functa", "generation", "failed", "–"]  # noqa: RUF001


def test_results_without_a_date_can_be_read_and_get_none():
    old = PROVENANCE.model_dump(mode="json")
    assert old["finished"] == "2026-03-01T14:05:00Z"
    del old["finished"]
    assert Provenance.model_validate(old).run_on == "–"  # noqa: RUF001


def test_what_the_first_screen_has_no_room_for_is_in_the_list_of_runs(tmp_path):
    runs = planned("demo", tmp_path)[:6]
    commits = [f"{n}abc" for n in range(6)]
    for run, commit in zip(runs, commits, strict=True):
        left(run, "fit", {}, commit)
    said = {fact.name: fact for fact in facts(runs)}
    assert (said["Commit"].text.count("abc"), said["Commit"].more) == (4, 2)
    assert [row[5].text for row in runs_table(runs).rows] == commits
    html = page(content(tmp_path, load_scale("demo")), "")
    assert ' and <a href="#runs">2 more</a>' in html
    assert all(commit in html for commit in commits)


def test_a_training_is_said_in_steps_and_signals(tmp_path):
    runs = planned("demo", tmp_path)[:2]
    for run, steps in zip(runs, (400, 1600), strict=True):
        left(run, "fit", {"training": {"fit": {"steps": steps}}})
    assert budget_of(runs) == "400 to 1,600 steps, 3,200 training signals"
    left(runs[0], "generation", {"generation": {"settings": {"train": {"steps": 70}}}})
    left(runs[0], "classification", {"classification": {"training": {"steps": 90}}})
    again = planned("demo", tmp_path)[:1]
    assert budget_of(again, "generation") == "70 steps, 3,200 training latents"
    assert budget_of(again, "classification") == "90 steps, 3,200 training signals"


def test_methods_are_ranked_by_psnr_and_the_sentence_says_how_sure_that_is(found):
    data = found["datasets"][0]
    assert [row[0].text for row in data.ranking.rows] == ["1. LIFT", "2. Functa"]
    assert [row[1].best for row in data.ranking.rows] == [True, False]
    assert "after 3,200 training signals" in data.sureness
    budgets = "6,400 latent floats against 128 and 3,200 training signals against 3,200."
    assert f"LIFT leads Functa by 6.00 dB, with {budgets}" in data.sureness
    assert "A rank is certain where a paired" in data.sureness
    assert "One seed: how much a repeat would move" in data.sureness
    assert data.ranking.headings[2] == "rank (95 %)"
    assert [row[2].text for row in data.ranking.rows] == ["certain", "certain"]
    assert data.ranking.headings[3] == "latent floats"
    assert [row[3].text for row in data.ranking.rows] == ["6,400", "128"]
    assert not any(row[3].best for row in data.ranking.rows)


def test_a_mean_that_leaves_out_a_failed_seed_says_so_and_why(tmp_path):
    lift = next(run for run in planned("demo", tmp_path) if run.method == "lift")
    runs = [replace(lift, seed=seed) for seed in (0, 1)]
    quality = Metric(name="psnr", value=31.0, unit="dB", split="test", samples=8)
    left(runs[0], "reconstruction", {}, metrics=[quality])
    left(runs[1], "fit", {}, failed="step 7: loss nan")
    assert ranking(runs).rows[0][1].text == "31.00 (1 of 2 seeds)"
    assert sureness(runs).endswith("LIFT: 1 of 2 seeds; the others: fit: step 7: loss nan.")


def test_a_method_alone_is_not_said_to_be_told_from_others(found):
    data = found["datasets"][0]
    alone = [run for run in data.runs if run.method == "lift"]
    assert "certain" not in sureness(alone)


def test_methods_at_equal_budgets_are_shown_though_nothing_was_reconstructed(tmp_path):
    for method, psnr in (("lift", 22.0), ("functa", 20.0)):
        curve = {"signals": [160, 320], "seconds": [5.0, 10.0], "test_psnr": [psnr - 1, psnr]}
        leave_learning_curve(tmp_path, method, pd.DataFrame(curve))
    stale = leave_learning_curve(tmp_path, "enf", pd.DataFrame(curve))
    (stale / "learning_curve.csv").write_text("", encoding="utf-8")
    runs = [run for run in planned("budget", tmp_path) if run.method in ("lift", "functa", "enf")]
    data = dataset_of(load_dataset_config("cifar10"), runs)
    assert "Not run: LIFT+, Spatial Functa, mNIF-S, mNIF-L, MetaLF." in data.sureness
    assert "Not read: ENF, seed 0 (learning_curve.csv is not the file" in data.sureness
    drawn = next(part for part in data.parts if part.title == "Equal budgets").figures[0].chart
    assert [title in drawn.data for title in ("LIFT", "Functa", "ENF")] == [True, True, False]
    assert "after 320 training signals LIFT (22.00 dB)" in data.sureness
    assert "No reconstruction" not in data.sureness
    rows = [[cell.text for cell in row] for row in data.budgets.rows]
    assert [row[:4] for row in rows] == [
        ["1. LIFT", "22.00", "22.00", "1,600"],
        ["2. Functa", "20.00", "20.00", "512"],
    ]


def left(run, stage, config, commit="0", metrics=(), failed=""):
    """A result that records how it was run."""
    provenance = PROVENANCE.model_copy(update={"config": config, "git_commit": commit})
    budget = Budget(signals=3200, published_signals=None)
    names = {"scale": run.scale, "dataset": run.dataset, "method": run.method, "seed": run.seed}
    recorded = {"budget": budget, "provenance": provenance, "metrics": list(metrics)}
    status = "failed" if failed else "ok"
    result = Result(stage=stage, status=status, reason=failed, **recorded, **names)
    write_result(run.folder / f"{stage}.json", result)


def test_training_lines_of_some_points_are_told_from_whole_signals(tmp_path):
    runs = planned("demo", tmp_path)[:2]
    assert points_seen(runs) == ""
    for run, stride in zip(planned("demo", tmp_path), (2, 1), strict=False):
        left(run, "fit", {"training": {"fit": {"stride": stride}}})
    said = points_seen(planned("demo", tmp_path)[:2])
    assert said.startswith(f"The training lines of {runs[0].title} are the PSNR on the points")


def test_tables_say_how_certain_a_rank_is_in_a_footnote(found):
    table = next(section for section in found["sections"] if section.name == "celebahq64")
    (note,) = [note for note in table.footnotes if "rank by PSNR" in note]
    assert note == "rank by PSNR certain (paired bootstrap over test signals, 95 %)"


def test_a_scale_without_results_has_a_page_that_says_so(tmp_path):
    written = page(content(tmp_path, load_scale("lite")), "")
    assert "no result yet" in written
    assert "snakemake --cores 8 results/report.html --config scale=lite" in written
    assert "No reconstruction was measured" in written
    assert "<img" not in without_scripts(written)


def test_headings_are_in_order(html):
    levels = [int(level) for level in re.findall(r"<h(\d)", without_scripts(html))]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_the_contents_list_has_every_heading(html):
    listed = re.search(r"<nav.*?</nav>", html, re.DOTALL).group()
    headings = re.findall(r'<h[23] id="([^"]+)"', without_scripts(html))
    assert len(headings) > 10
    assert [name for name in headings if f'href="#{name}"' not in listed] == []


def test_every_link_into_the_page_has_its_target_and_footnotes_lead_back(html):
    text = without_scripts(html)
    names = re.findall(r'\bid="([^"]+)"', text)
    assert len(names) == len(set(names))
    targets = re.findall(r'href="#([^"]+)"', text)
    assert set(targets) <= set(names)
    notes = [name for name in names if "-note-" in name]
    assert notes
    assert {note.replace("-note-", "-from-") for note in notes} <= set(targets)


def test_links_to_files_lead_to_files(html, root):
    links = re.findall(r'href="(demo/[^"]+)"', without_scripts(html))
    assert any(link.endswith("curve.csv") for link in links)
    assert [link for link in links if "/tables/" not in link and not (root / link).exists()] == []


def test_a_data_set_whose_terms_forbid_it_is_not_pictured(found):
    config = load_dataset_config("embedded-images").model_copy(update={"shareable": False})
    data = dataset_of(config, found["datasets"][0].runs)
    assert "no pictures" in data.about
    assert not any(figure.strips for part in data.parts for figure in part.figures)
    assert data.chart


def test_rows_are_cut_where_a_sheet_drew_them(tmp_path):
    """Grey levels 0.2 above 0.6 above their difference times four, which is white."""
    shape = (5, 8, 8, 3)
    path = tmp_path / "sheet.png"
    reconstruction_sheet(np.full(shape, 0.2), np.full(shape, 0.6), [8.0] * 5, path)
    sheet = Sheet(path)
    assert sheet.rows == 3
    for row, level in enumerate((0.2, 0.6, 1.0)):
        pixels = np.asarray(sheet.cut(row).convert("L")) / 255
        middle = pixels[pixels.shape[0] // 2]
        inside = np.isclose(middle, level, atol=0.01)
        assert inside.mean() > 0.95
        assert np.isclose(pixels[3:-3, 20], level, atol=0.01).all()


def test_a_picture_that_is_no_sheet_says_so(tmp_path):
    Image.new("RGB", (100, 37)).save(tmp_path / "other.png", dpi=(100, 100))
    with pytest.raises(ValueError, match=r"other\.png: 0\.37 inches high"):
        Sheet(tmp_path / "other.png")


def test_columns_are_cut_where_a_sheet_drew_them(tmp_path):
    levels = (0.0, 0.4, 0.8)
    signals = np.stack([np.full((8, 8, 3), level) for level in levels])
    signal_sheet([("", signals)] * 2, tmp_path / "sheet.png", up=0, columns=["a", "b", "c"])
    sheet = Sheet(tmp_path / "sheet.png")
    assert (sheet.rows, sheet.columns) == (2, 3)
    for place, level in enumerate(levels):
        pixels = np.asarray(sheet.cut_column(place).convert("L")) / 255
        assert np.isclose(pixels[len(pixels) // 4], level, atol=0.01).mean() > 0.95
        assert np.isclose(pixels[-len(pixels) // 4], level, atol=0.01).mean() > 0.95


def test_main_figures_are_linked_for_snakemakes_report(root, found, tmp_path):
    folder = link_figures(tmp_path, found["runs"])
    link = folder / "embedded-images/lift/3,200 training signals/reconstruction.png"
    assert link.resolve() == root / "demo/embedded-images/lift/seed0/reconstruction.png"
    assert len(list(folder.rglob("*.png"))) == 4  # two sheets of two cells
    shutil.copytree(root, tmp_path / "later")
    for first in (tmp_path / "later").rglob("seed0"):
        first.rename(first.with_name("seed3"))
    runs = [replace(r, seed=3, root=tmp_path / "later") for r in found["runs"] if not r.seed]
    assert len(list(link_figures(tmp_path, runs).rglob("*.png"))) == 4
    link_figures(tmp_path, [])
    assert not list(folder.iterdir())


def test_a_classification_of_several_copies_has_a_column_of_its_own(tmp_path):
    runs = planned("demo", tmp_path)[:1]
    one, five = (
        Metric(name=name, value=value, unit="%", split="test")
        for name, value in (("top1", 50.0), ("top1_copies5", 60.0))
    )
    left(runs[0], "classification", {}, metrics=[one, five])
    shown = ranking(planned("demo", tmp_path)[:1])
    cells = dict(zip(shown.headings, (cell.text for cell in shown.rows[0]), strict=True))
    assert (cells["top-1 (%) ↑"], cells["top-1, n = 5 (%) ↑"]) == ("50.0", "60.0")


def test_feature_spaces_have_columns_of_their_own(tmp_path):
    runs = planned("demo", tmp_path)[:1]
    spaces = [
        Metric(name=name, value=value, unit="1", split="test")
        for name, value in (("psnr", 30.0), ("rfid", 10.0), ("rfd_effnetlite0", 20.0))
    ]
    left(runs[0], "reconstruction", {}, metrics=spaces)
    shown = ranking(planned("demo", tmp_path)[:1])
    cells = dict(zip(shown.headings, (cell.text for cell in shown.rows[0]), strict=True))
    assert (cells["rfid ↓"], cells["rfd_effnetlite0 ↓"]) == ("10.0", "20.0")
