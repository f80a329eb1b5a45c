"""The report as a person has it: opened from another folder in a real browser, without a network.

Skipped where Playwright or Chromium is missing: `pip install -e .[dev]`, and a Chromium of the
system (Debian: `apt-get install chromium`) or the one that LIFT_CHROMIUM names.
"""

import os
import re
import shutil
from itertools import pairwise

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")

CHROMIUM = os.environ.get("LIFT_CHROMIUM") or shutil.which("chromium") or shutil.which("chrome")
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
WIDTHS = (1280, 400)
PATIENCE = 300_000
"""Milliseconds: a busy machine takes long to start a browser."""

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None, reason="no Chromium: install it, or name it in LIFT_CHROMIUM"
    ),
]


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path=CHROMIUM, args=list(QUIET), timeout=PATIENCE
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def moved(html, tmp_path_factory):
    """The page alone in another folder."""
    path = tmp_path_factory.mktemp("elsewhere") / "sent.html"
    path.write_text(html, encoding="utf-8")
    return path


@pytest.fixture(scope="module", params=WIDTHS)
def opened(request, browser, moved):
    """The page at a width, what it asked for, and what it complained about."""
    view = browser.new_page(viewport={"width": request.param, "height": 900})
    view.set_default_timeout(PATIENCE)
    asked, complaints = [], []
    view.on("request", lambda sent: asked.append(sent.url))
    view.on("console", lambda message: complaints.append(message.text))
    view.on("pageerror", lambda error: complaints.append(str(error)))
    view.goto(moved.as_uri())
    view.wait_for_selector(".chart .main-svg")
    yield view, asked, complaints
    view.close()


def test_it_needs_nothing_but_itself_and_complains_about_nothing(opened, moved):
    view, asked, complaints = opened
    assert [url for url in asked if not url.startswith(("data:", "blob:"))] == [moved.as_uri()]
    assert complaints == []
    assert view.evaluate("[...document.images].every(i => i.complete && i.naturalWidth > 0)")


def test_nothing_is_wider_than_the_page(opened):
    view, _, _ = opened
    assert view.evaluate("document.documentElement.scrollWidth <= innerWidth")
    too_wide = """[...document.querySelectorAll('.scroll, figure, .chart, img')]
        .filter(e => e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML)"""
    assert view.evaluate(too_wide) == []


def test_the_method_stays_in_sight_while_a_table_scrolls(opened):
    view, _, _ = opened
    places = view.evaluate("""[...document.querySelectorAll('.scroll')].map(frame => {
        frame.scrollLeft = 200;
        const name = frame.querySelector('tbody th').getBoundingClientRect();
        const left = frame.getBoundingClientRect().left;
        const share = name.width / frame.clientWidth;
        frame.scrollLeft = 0;
        return [name.left - left, share];
    })""")
    assert places
    assert max(abs(left) for left, _ in places) < 2
    assert max(share for _, share in places) < 0.5


def test_a_click_sorts_and_another_turns_the_order(opened):
    view, _, _ = opened
    table = view.locator("#summary-embedded-images ~ .scroll table").first
    names = table.locator("tbody th")
    psnr = table.locator("thead button").nth(1)
    psnr.click()
    assert names.all_inner_texts() == ["1. LIFT", "2. Functa"]
    assert psnr.locator("xpath=..").get_attribute("aria-sort") == "descending"
    psnr.click()
    assert names.all_inner_texts() == ["2. Functa", "1. LIFT"]


@pytest.mark.parametrize(
    ("heading", "order", "best"),
    [
        ("method", "ascending", ["1. LIFT", "2. Functa"]),
        ("rank (95 %)", "ascending", ["1. LIFT", "2. Functa"]),
        ("latent floats", "ascending", ["2. Functa", "1. LIFT"]),
        ("rfd_effnetlite0 ↓", "ascending", ["2. Functa", "1. LIFT"]),
        ("field's training time", "ascending", ["2. Functa", "1. LIFT"]),
    ],
)
def test_the_first_click_puts_the_best_first(opened, heading, order, best):
    view, _, _ = opened
    table = view.locator("#summary-embedded-images ~ .scroll table").first
    button = table.locator("thead button", has_text=heading)
    table.locator("thead button").nth(1).click()  # another column is sorted
    button.click()
    assert button.locator("xpath=..").get_attribute("aria-sort") == order
    assert table.locator("tbody th").all_inner_texts() == best
    button.click()
    assert table.locator("tbody th").all_inner_texts() == best[::-1]


def test_quoted_numbers_are_sorted_among_the_measured(opened):
    view, _, _ = opened
    table = view.locator("#table-celebahq64 ~ .scroll table").first
    button = table.locator("thead button", has_text="PSNR, test").first
    column = button.locator("xpath=..").evaluate("head => head.cellIndex")
    cells = table.locator(f"tbody td:nth-child({column + 1})")
    assert any(text.startswith("(") for text in cells.all_inner_texts())
    button.click()
    values = [each.get_attribute("data-value") for each in cells.all()]
    numbers = [float(value) for value in values if value]
    assert len(numbers) > 2
    assert numbers == sorted(numbers, reverse=True)
    assert values == [value for value in values if value] + [""] * values.count("")


def test_runs_are_sorted_by_date_and_those_without_one_stay_last(opened):
    view, _, _ = opened
    table = view.locator("#runs ~ .scroll table").first
    button = table.locator("thead button", has_text="run on")
    column = button.locator("xpath=..").evaluate("head => head.cellIndex")
    for _ in range(2):
        button.click()
        dates = table.locator(f"tbody td:nth-child({column + 1})").all_inner_texts()
        assert dates == ["2026-03-01 14:05"] * 4 + ["–"] * 5  # noqa: RUF001


def test_every_axis_names_two_values_that_do_not_touch(opened):
    view, _, _ = opened
    axes = view.evaluate("""[...document.querySelectorAll('.chart .main-svg')].flatMap(figure =>
        ['.xaxislayer-above', '.yaxislayer-above'].map(axis =>
            [...figure.querySelectorAll(`${axis} text`)].map(text => text.getBoundingClientRect())
                .map(({left, right, top, bottom}) => [left, right, top, bottom])))""")
    drawn = [boxes for boxes in axes if boxes]
    assert drawn
    assert min(map(len, drawn)) >= 2
    for boxes in drawn:
        for (left, right, top, bottom), (start, end, over, under) in pairwise(boxes):
            assert right <= start or end <= left or bottom <= over or under <= top


def test_a_footnote_leads_back_to_where_one_came_from(opened):
    view, _, _ = opened
    note = view.locator(".notes li[id]").first
    marks = view.locator(f"sup a[href='#{note.get_attribute('id')}']")
    assert marks.count() > 1
    for mark in (marks.last, marks.nth(1), marks.first):
        mark.click()
        note.locator("a").click()
        assert mark.evaluate("mark => mark === document.querySelector(':target')")


def test_a_curve_shows_its_value_under_the_pointer(opened):
    view, _, _ = opened
    view.locator("#psnr-embedded-images").scroll_into_view_if_needed()
    view.locator("#psnr-embedded-images .point").last.hover(force=True)
    hover = view.locator("#psnr-embedded-images .hoverlayer text").first
    assert "after 320 signals" in hover.text_content()


def test_the_horizontal_axis_can_be_time(opened):
    view, _, _ = opened
    frame = view.locator("figure:has(#psnr-embedded-images)")
    assert frame.locator(".xtitle").text_content() == "training signals seen"
    frame.get_by_role("button", name="time").click()
    assert frame.locator(".xtitle").text_content() == "training time (s)"
    frame.get_by_role("button", name="budget").click()


def test_what_is_folded_is_drawn_when_it_is_opened(opened):
    view, _, _ = opened
    folded = view.locator("details:has(.chart)").first
    assert "Confusion matrix of LIFT" in folded.locator("summary").text_content()
    assert folded.locator(".main-svg").count() == 0
    folded.locator("summary").click()
    folded.locator(".main-svg").first.wait_for()
    shares = folded.locator(".heatmap-label text")
    assert [text for text in shares.all_text_contents() if text] == ["3", "1", "0", "2"]


def test_figures_follow_the_colours_of_the_page(browser, moved):
    view = browser.new_page(color_scheme="dark")
    view.set_default_timeout(PATIENCE)
    view.goto(moved.as_uri())
    view.wait_for_selector(".chart .main-svg")
    paper = "getComputedStyle(document.querySelector('.chart .main-svg')).backgroundColor"
    page = "getComputedStyle(document.body).backgroundColor"
    assert view.evaluate(paper) == view.evaluate(page) == "rgb(20, 23, 27)"
    view.emulate_media(color_scheme="light")
    view.wait_for_function(f"{paper} === 'rgb(255, 255, 255)'")
    view.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_background(browser, html, scheme):
    """A contrast of 4.5 for each colour of text, as WCAG 2 asks."""
    view = browser.new_page(color_scheme=scheme)
    view.set_content(re.search(r"<style>.*?</style>", html, re.DOTALL).group())
    contrasts = view.evaluate("""() => {
        const light = hex => [1, 3, 5].map(at => parseInt(hex.length < 7
            ? hex[(at + 1) / 2].repeat(2) : hex.slice(at, at + 2), 16) / 255)
            .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
            .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
        const style = getComputedStyle(document.documentElement);
        const value = name => light(style.getPropertyValue(name).trim());
        const back = value('--back');
        return ['--fore', '--soft', '--link', '--bad', '--good'].map(name =>
            (Math.max(value(name), back) + 0.05) / (Math.min(value(name), back) + 0.05));
    }""")
    view.close()
    assert min(contrasts) >= 4.5
