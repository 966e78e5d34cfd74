"""The report in a real browser, narrow and wide."""

from itertools import pairwise

import pytest

from curate.manifest.pictures import Pictures
from curate.manifest.read import sources_of
from curate.report.build import build_report

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def url(frozen, repositories, tmp_path_factory):
    out = tmp_path_factory.mktemp("report") / "r"
    build_report(frozen, Pictures.find(sources_of(frozen), [str(repositories)], None), out)
    return (out / "index.html").as_uri()


@pytest.mark.parametrize("width", [320, 768, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_shows_every_picture_and_says_nothing_to_the_console(browser, url, width, scheme):
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.on("requestfailed", lambda request: said.append(request.url))
    page.on("request", lambda request: said.append(request.url) if not request.url.startswith("file:") else None)
    page.goto(url)
    page.evaluate(
        "document.querySelectorAll('details').forEach(d => d.open = true);"
        "document.querySelectorAll('img').forEach(i => i.loading = 'eager')"
    )
    page.wait_for_function("[...document.images].every(i => i.complete)")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.evaluate("[...document.images].filter(i => !i.naturalWidth).length") == 0
    assert page.evaluate("document.images.length") > 10
    assert page.evaluate("[...document.images].filter(i => !i.alt).length") == 0
    assert not said
    page.close()


def test_headings_come_in_order_and_links_lead_somewhere(browser, url):
    page = browser.new_page()
    page.goto(url)
    levels = [int(tag[1]) for tag in page.evaluate("[...document.querySelectorAll('h1,h2,h3')].map(h => h.tagName)")]
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))
    assert page.evaluate("[...document.querySelectorAll('nav a')].every(a => document.querySelector(a.getAttribute('href')))")
    page.close()
