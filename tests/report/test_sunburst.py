"""The taxonomy as a picture: arcs that add up, words that are escaped."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.report.sunburst import images_below, sunburst

NODES = [("r", None), ("s", None), ("a", "r"), ("b", "r"), ("c", "a"), ("d", "s")]


def classes(names=None):
    return {
        "nodes": [{"node_id": n, "name": (names or {}).get(n, n), "parent_id": p} for n, p in NODES],
        "three": [{"node_id": "r", "name": "benign"}, {"node_id": "s", "name": "malignant"}],
        "nine": [{"node_id": "a", "name": "inflammatory"}],
    }


def degrees(svg: str, title: str) -> float:
    """Measure an arc's width from the points of its outline."""
    path = re.search(rf'<path d="([^"]+)" [^>]*><title>{title}:', svg)[1]
    numbers = [float(x) for x in re.findall(r"-?\d+\.?\d*", path)]
    x0, y0 = numbers[0:2]
    x1, y1 = numbers[7:9]
    return math.degrees(math.atan2(x1, -y1) - math.atan2(x0, -y0)) % 360


@given(st.dictionaries(st.sampled_from([n for n, _ in NODES]), st.integers(1, 500)))
def test_images_below_are_counted_as_walking_up_counts_them(own):
    parents = dict(NODES)
    expected: dict[str, int] = {}
    for node, images in own.items():
        at = node
        while at is not None:
            expected[at] = expected.get(at, 0) + images
            at = parents[at]
    assert images_below(classes()["nodes"], own) == expected


def test_an_arc_is_as_wide_as_its_share():
    svg = sunburst(classes(), {"c": 30, "a": 10, "b": 20, "d": 40})
    assert degrees(svg, "r") == pytest.approx(216, abs=0.1)
    assert degrees(svg, "s") == pytest.approx(144, abs=0.1)
    assert degrees(svg, "a") == pytest.approx(144, abs=0.1)
    assert degrees(svg, "c") == pytest.approx(108, abs=0.1)
    assert "<title>c: 30 images (30.0 %)</title>" in svg


def test_one_root_alone_is_a_whole_ring_and_nothing_gives_no_picture():
    svg = sunburst(classes(), {"d": 7})
    assert svg.count("<title>") == 2
    assert "NaN" not in svg
    assert sunburst(classes(), {}) == ""


def test_names_are_escaped():
    assert "<b>" not in sunburst(classes({"r": "<b>&"}), {"r": 3})
