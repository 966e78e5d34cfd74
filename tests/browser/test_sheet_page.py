"""A blind sheet in a real browser, opened as a file: it fits, is judged by mouse and keys, keeps and saves the answers."""

import csv

import pytest

from curate.catalogue import Catalogue
from curate.manifest.pictures import Pictures
from curate.review.draw import Request, draw
from curate.review.score import read_judged, score
from curate.review.sheets import write_sheets
from tests.review.small import write_small

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def sheet(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sheet")
    with Catalogue.write(folder / "workspace", "a test") as catalogue:
        write_small(catalogue, folder / "pictures")
        pictures = Pictures.find(["archive", "hospital", "web"], [str(folder / "pictures")], None)
        write_sheets(catalogue, draw(catalogue, Request(number=12, known_share=0.25)), pictures, folder / "sheet", {})
    return folder / "sheet"


@pytest.fixture
def page(browser, sheet):
    opened = browser.new_page(accept_downloads=True)
    opened.goto((sheet / "for_reviewer" / "sheet.html").as_uri())
    yield opened
    opened.close()


@pytest.mark.parametrize("width", [320, 768, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_shows_every_picture_large_enough_and_asks_nothing_of_a_network(browser, sheet, width, scheme):
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: said.append(request.url) if not request.url.startswith(("file:", "data:")) else None)
    page.goto((sheet / "for_reviewer" / "sheet.html").as_uri())
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.locator(".pair:visible").count() == 10
    sides = page.evaluate("[...document.images].filter(i => i.offsetParent).map(i => [i.width, i.height])")
    assert len(sides) == 20
    assert min(max(side) for side in sides) >= 256
    tops = page.evaluate(
        "[...document.querySelectorAll('.pair .two')].slice(0, 1).map(t => [...t.children].map(i => i.offsetTop))[0]"
    )
    assert (tops[0] == tops[1]) == (width >= 768)
    assert page.evaluate("[...document.images].filter(i => !i.naturalWidth || !i.alt).length") == 0
    assert not said
    page.close()


def test_keys_judge_pages_turn_and_the_saved_answers_can_be_scored(page, sheet, tmp_path):
    for key in "123":
        page.keyboard.press(key)
    assert page.locator(".pair.current").get_attribute("id") == "pair-4"
    page.keyboard.press("k")
    page.keyboard.press("1")  # pair 3 again
    page.get_by_role("button", name="Next page").click()
    assert page.locator(".pair:visible").count() == 6
    last = page.locator("#pair-16")
    last.get_by_role("radio", name="different").check()
    last.get_by_role("textbox").fill('12 "mm", scar')
    page.keyboard.press("1")  # goes into the words
    assert "4 of 16 judged" in page.locator("#progress").inner_text()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save answers.csv").click()
    assert download.value.suggested_filename == "answers.csv"
    download.value.save_as(tmp_path / "answers.csv")
    with (tmp_path / "answers.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert [row["verdict"] for row in rows] == ["same", "different", "same", *[""] * 12, "different"]
    assert rows[15]["note"] == '12 "mm", scar1'
    judged = read_judged(tmp_path / "answers.csv", sheet / "key.csv")
    assert [row.verdict for row in judged if row.verdict] == ["same", "different", "same", "different"]
    assert score(judged)["unanswered"] == 12


def test_answers_outlive_a_closed_page(page):
    page.keyboard.press("2")
    page.locator("#pair-2").get_by_role("textbox").fill("blurred")
    page.reload()
    assert page.locator("#pair-1").get_by_role("radio", name="different").is_checked()
    assert page.locator("#pair-2").get_by_role("textbox").input_value() == "blurred"
    assert page.locator(".pair.current").get_attribute("id") == "pair-2"
