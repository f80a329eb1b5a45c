"""The page holds the tables, and links every figure from where it lies."""

import re
from pathlib import Path

from benchmarks.tables.html import figures, page

TABLES = "# Tables, scale `demo`\n\n| method | PSNR |\n|:--|--:|\n| a < b | 30.1 |\n"


def draw(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"")


def test_tables_become_html_and_text_stays_text(tmp_path: Path) -> None:
    written = page("demo", TABLES, {}, tmp_path)
    assert re.search(r"<table>.*<td[^>]*>30.1</td>", written, re.DOTALL)
    assert "a &lt; b" in written
    assert "Figures" not in written


def test_figures_are_grouped_by_cell_in_the_order_of_the_methods(tmp_path: Path) -> None:
    draw(
        tmp_path / "demo",
        "images/lift/seed0/curve.png",
        "images/functa/seed0/curve.png",
        "images/functa/seed0/reconstruction.png",
        "images/comparison.png",
    )
    drawn = figures(tmp_path / "demo", ["lift", "functa"])
    assert list(drawn) == ["images", "images/lift/seed0", "images/functa/seed0"]
    assert [path.name for path in drawn["images/functa/seed0"]] == [
        "curve.png",
        "reconstruction.png",
    ]


def test_links_lead_from_the_page_to_the_figure(tmp_path: Path) -> None:
    draw(tmp_path / "demo", "images/lift/seed0/curve.png")
    drawn = figures(tmp_path / "demo", ["lift"])
    for place in (tmp_path, tmp_path / "demo"):
        (link,) = re.findall(r'src="([^"]+)"', page("demo", TABLES, drawn, place))
        assert (place / link).resolve() == tmp_path / "demo/images/lift/seed0/curve.png"
