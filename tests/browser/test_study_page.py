"""A reader study in a real browser, opened as a file: it fits, is answered by mouse and keys, kept, saved, and measured."""

import csv
import json
from itertools import pairwise

import pytest

from curate.manifest.export.study import export_study
from curate.manifest.pictures import Pictures
from tests.manifest.studied import truth, with_sets

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def manifest(frozen, tmp_path_factory):
    return with_sets(frozen, tmp_path_factory.mktemp("studied"))


@pytest.fixture(scope="module")
def study(manifest, repositories, tmp_path_factory):
    out = tmp_path_factory.mktemp("study") / "study"
    pictures = Pictures({s: repositories / s for s in ("ham10000", "isic_challenge_2017", "pad_ufes_20")})
    export_study(manifest, "mixed-readers", out, pictures)
    return out


def begin(page, study, reader="R1"):
    page.goto((study / "for_readers" / "index.html").as_uri())
    page.get_by_role("textbox").fill(reader)
    page.get_by_role("button", name="Begin").click()


@pytest.fixture
def page(browser):
    context = browser.new_context(accept_downloads=True)
    yield context.new_page()
    context.close()


def heading(page):
    return page.get_by_role("heading", level=2).inner_text()


@pytest.mark.parametrize("width", [320, 768, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_shows_every_picture_and_asks_nothing_of_a_network(browser, study, width, scheme):
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("requestfailed", lambda request: said.append(request.url))
    page.on("request", lambda request: said.append(request.url) if not request.url.startswith(("file:", "data:")) else None)
    page.goto((study / "for_readers" / "index.html").as_uri())
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    begin(page, study)
    for number in range(1, 6):
        assert heading(page) == f"Case {number} of 5"
        page.wait_for_function("document.getElementById('picture').complete")
        assert page.evaluate("document.getElementById('picture').naturalWidth") == 160
        assert page.evaluate("document.getElementById('picture').alt") == f"Picture of case {number}"
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        if width >= 768:  # picture, question and answers are seen at once
            box = page.get_by_role("radio").last.bounding_box()
            assert box["y"] + box["height"] < 800
        if number < 5:
            page.get_by_role("button", name="Next").click()
    assert not said
    page.close()


def test_it_is_usable_without_a_mouse_and_named_for_who_cannot_see_it(page, study):
    page.goto((study / "for_readers" / "index.html").as_uri())
    page.keyboard.press("Tab")
    page.keyboard.type("R 2")
    page.keyboard.press("Enter")
    assert page.get_by_role("heading", level=1).is_visible(), "a code with a blank is not taken"
    page.keyboard.press("Control+a")
    page.keyboard.type("R2")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.textContent") == "Case 1 of 5"
    assert page.get_by_role("group", name="What would you do?").is_visible()
    assert [r.get_attribute("value") for r in page.get_by_role("radio").all()] == ["biopsy", "reassure"]
    page.keyboard.press("Tab")
    page.keyboard.press("Space")  # the first radio
    assert page.get_by_role("radio", name="Biopsy or treat").is_checked()
    page.keyboard.press("ArrowDown")  # the browser's own way to the other
    assert page.get_by_role("radio", name="Reassure the patient").is_checked()
    assert heading(page) == "Case 1 of 5"
    page.keyboard.press("Enter")
    assert heading(page) == "Case 2 of 5"
    page.keyboard.press("1")
    page.keyboard.press("ArrowLeft")
    assert page.get_by_role("radio", name="Biopsy or treat").is_checked()
    page.keyboard.press("ArrowRight")
    assert heading(page) == "Case 3 of 5"
    page.keyboard.press("z")
    assert page.get_by_role("button", name="Full size").get_attribute("aria-pressed") == "true"
    levels = [int(tag[1]) for tag in page.evaluate("[...document.querySelectorAll('h1,h2,h3')].map(h => h.tagName)")]
    assert all(b - a <= 1 for a, b in pairwise(levels))


def test_answers_outlive_a_closed_page_and_another_reader_starts_anew(page, study):
    begin(page, study)
    page.keyboard.press("1")
    page.keyboard.press("2")
    page.reload()
    assert page.get_by_role("textbox").input_value() == "R1"
    page.get_by_role("button", name="Begin").click()
    assert heading(page) == "Case 3 of 5"
    assert "2 of 5 answered" in page.locator("#progress").inner_text()
    begin(page, study, "R2")
    assert "0 of 5 answered" in page.locator("#progress").inner_text()


def test_all_answered_saved_and_read_by_the_evaluation(page, manifest, study, tmp_path):
    from curate.manifest.read import load

    pytest.importorskip("torch", reason="the extra `train` is not installed")
    from train.evaluate.readers import read_readers, read_study, summary

    begin(page, study)
    malignant = truth(manifest, study / "key.json")
    wrong = next(case for case, is_malignant in malignant.items() if not is_malignant)
    for case, is_malignant in malignant.items():
        if case == "4":
            page.get_by_role("button", name="Back").click()
            page.get_by_role("button", name="Save answers").click()
            assert page.locator("#told").inner_text() == "2 cases have no answer yet; this is the first of them."
            assert heading(page) == "Case 4 of 5"
        page.wait_for_timeout(60)
        page.keyboard.press("1" if is_malignant or case == wrong else "2")
    assert "All cases are answered" in page.locator("#told").inner_text()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save answers").click()
    study_id = json.loads((study / "key.json").read_text())["study"]
    assert download.value.suggested_filename == f"answers-{study_id}-R1.csv"
    download.value.save_as(tmp_path / "R1.csv")
    with (tmp_path / "R1.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert list(rows[0]) == ["case", "answer", "seconds", "reader", "study"]
    assert [row["case"] for row in rows] == list(malignant)
    assert all(0 < float(row["seconds"]) < 60 for row in rows)
    found = read_study(study / "key.json", load(manifest))
    (reader,) = read_readers([tmp_path], {found.study: found})
    assert (reader.reader, reader.sensitivity, reader.specificity) == ("R1", 1.0, pytest.approx(2 / 3))
    assert summary(found, [reader])["standard_deviation"] == {"sensitivity": None, "specificity": None}
