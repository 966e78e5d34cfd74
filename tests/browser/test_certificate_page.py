"""The certificate in a real browser: narrow and wide, light and dark, and printed, where what is proven takes one sheet of A4."""

import copy
import re
from itertools import pairwise
from pathlib import Path

import pytest

from curate.manifest.certificate.issue import certify
from curate.report.certificate_page import SHOWN, write_certificate_page

pytestmark = pytest.mark.browser

DEMO = Path(__file__).parents[2] / "data_manifests" / "demo"
PAGE = re.compile(rb"/Type\s*/Page\b")
LATER = "Flow of inclusions and exclusions"


def crowded(certificate: dict, sources: int) -> dict:
    """The certificate of a manifest with everything that makes it long."""
    full = copy.deepcopy(certificate)
    facts = full["facts"]
    facts["name"] = "a_name_that_somebody_thought_would_tell_all_" * 4
    row = {"level": "patient", "images": 123_456, "at_patient": 100_000, "at_lesion": 23_000, "at_image": 456}
    facts["levels"] = [
        {**row, "source": f"a_source_with_a_name_of_many_letters_{n:02}", "level": ("patient", "lesion", "image")[n % 3]}
        for n in range(sources)
    ]
    full["not_checked"] = [f"{n}: " + "another reason that takes quite some words " * 9 for n in range(10)]
    full["risk"]["missed"] = [
        f"{name} pairs (and those of two modalities, or of one without a model): 59.3 % of those of one lesion expected to be "
        "missed, 95 % interval 50.1 to 67.9 % (12,346 of 123,113 known pairs were found)."
        for name in ("clinical", "dermoscopic", "total_body")
    ]
    full["risk"]["applies"][-1] += " other_source," * 10
    return full


@pytest.fixture(scope="module", params=["demo", "crowded", "many sources"])
def url(request, tmp_path_factory):
    certificate = certify(DEMO)
    if request.param == "crowded":
        certificate = crowded(certificate, SHOWN)
    elif request.param == "many sources":
        certificate = crowded(certificate, 30)
    path = tmp_path_factory.mktemp("certificate") / "c.html"
    write_certificate_page(certificate, path)
    return path.as_uri()


@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (768, "dark"), (1440, "light")])
def test_it_fits_and_says_nothing_to_the_console(browser, url, width, scheme):
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.on("request", lambda request: said.append(request.url) if not request.url.startswith("file:") else None)
    page.goto(url)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert not said
    page.close()


def test_what_is_proven_takes_one_sheet_and_the_rest_follows_on_others(browser, url):
    page = browser.new_page(color_scheme="dark")
    page.goto(url)
    whole = len(PAGE.findall(page.pdf(prefer_css_page_size=True)))
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(17, 17, 17)"  # ink on paper, whatever the screen's scheme
    page.add_style_tag(content=".more { display: none !important; }")
    assert len(PAGE.findall(page.pdf(prefer_css_page_size=True))) == 1
    page.add_style_tag(
        content=".sheet { display: none !important; } .more { display: block !important; break-before: auto !important; }"
    )
    assert len(PAGE.findall(page.pdf(prefer_css_page_size=True))) == whole - 1
    page.close()


def test_a_longer_sheet_would_be_noticed(browser, url):
    page = browser.new_page()
    page.goto(url)
    page.add_style_tag(content=".more { display: none !important; } .sheet { padding-bottom: 150mm; }")
    assert len(PAGE.findall(page.pdf(prefer_css_page_size=True))) == 2
    page.close()


def test_headings_come_in_order_and_blanks_are_marked(browser, url):
    page = browser.new_page()
    page.goto(url)
    levels = [int(tag[1]) for tag in page.evaluate("[...document.querySelectorAll('h1,h2,h3')].map(h => h.tagName)")]
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))
    assert LATER in page.evaluate("document.querySelector('.more h2').textContent")
    marked = page.evaluate("[...document.querySelectorAll('mark')].map(m => m.textContent)")
    assert len(marked) >= 8
    assert all(words.startswith("[author: ") and words.endswith("]") for words in marked)
    assert page.evaluate("document.body.innerText.split('[author: ').length - 1") == len(marked)
    page.close()
