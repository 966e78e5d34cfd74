"""The taxonomy as a picture: rings of arcs, each as wide as the share of images at or below its node."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

RADIUS = 300.0
HOLE = 62.0
RINGS = 6  # levels of the tree; the roots are the innermost
LEAST_ARC = 0.35  # degrees; what is narrower is not drawn, its images still widen the arcs above
LETTER = 5.6  # width of a letter
BASELINE = 3.3  # how far below its middle a line of text stands
HUES = {
    "cutaneous-lymphoma": 285,
    "dermal-tumor-benign": 165,
    "dermal-tumor-malignant": 325,
    "epidermal-tumor-benign": 130,
    "epidermal-tumor-malignant": 12,
    "genodermatosis": 45,
    "inflammatory": 32,
    "pigmented-lesion-benign": 205,
    "pigmented-lesion-malignant": 350,
}
ROOT_HUES = {"benign": 180, "malignant": 0, "non_neoplastic": 40}


def images_below(nodes: Sequence[Mapping[str, Any]], own: Mapping[str, int]) -> dict[str, int]:
    """Return how many images lie on each node or below it.

    Args:
        nodes: `node_id` and `parent_id` of each node.
        own: images that lie on a node itself.
    """
    parent = {n["node_id"]: n["parent_id"] for n in nodes}
    totals: dict[str, int] = defaultdict(int)
    for node, images in own.items():
        at: str | None = node
        while at is not None:
            totals[at] += images
            at = parent[at]
    return dict(totals)


def sunburst(classes: Mapping[str, Any], own: Mapping[str, int]) -> str:
    """Return the picture as SVG; empty when no image has a node.

    Args:
        classes: a manifest's `classes.json`.
        own: images that lie on each node itself.
    """
    totals = images_below(classes["nodes"], own)
    everything = sum(own.values())
    if not everything:
        return ""
    children: dict[str | None, list[Mapping[str, Any]]] = defaultdict(list)
    for node in classes["nodes"]:
        if totals.get(node["node_id"]):
            children[node["parent_id"]].append(node)
    nine = {g["node_id"]: g["name"] for g in classes["nine"]}
    three = {g["node_id"]: g["name"] for g in classes["three"]}
    shapes: list[str] = []

    def draw(parent: str | None, begin: float, ring: int, hue: int) -> None:
        at = begin
        for node in sorted(children[parent], key=lambda n: (-totals[n["node_id"]], n["node_id"])):
            images = totals[node["node_id"]]
            width = 360.0 * images / everything
            own_hue = HUES.get(nine.get(node["node_id"], ""), ROOT_HUES.get(three.get(node["node_id"], ""), hue))
            if width >= LEAST_ARC and ring < RINGS:
                shapes.append(_arc(node["name"], images, everything, at, width, ring, own_hue))
                draw(node["node_id"], at, ring + 1, own_hue)
            at += width

    draw(None, 0.0, 0, 0)
    size = 2 * RADIUS + 4
    label = "The taxonomy, arcs as wide as their share of the images; the rows are in taxonomy.csv"
    return (
        f'<svg class="sunburst" viewBox="{-size / 2:g} {-size / 2:g} {size:g} {size:g}" role="img" aria-label="{label}">'
        + "".join(shapes)
        + f'<text class="total" y="5">{everything:,}</text></svg>'
    )


def _arc(name: str, images: int, everything: int, begin: float, width: float, ring: int, hue: int) -> str:
    inner = HOLE + (RADIUS - HOLE) * ring / RINGS
    outer = HOLE + (RADIUS - HOLE) * (ring + 1) / RINGS
    share = f"{100 * images / everything:.1f} %"
    title = f"<title>{escape(name)}: {images:,} images ({share})</title>"
    shape = f'<path d="{_ring_piece(inner, outer, begin, width)}" fill="hsl({hue} 45% {42 + 7 * ring}%)">{title}</path>'
    return shape + _written(name, (inner + outer) / 2, begin, width, ring)


def _written(name: str, radius: float, begin: float, width: float, ring: int) -> str:
    """Return a name along the middle of its arc, shortened to what fits; nothing where hardly a word would."""
    fits = int(math.radians(width) * radius / LETTER)
    if fits < min(len(name), 8):
        return ""
    shown = name if len(name) <= fits else name[: fits - 1] + "…"
    middle = (begin + width / 2) % 360
    turned = 90 < middle < 270  # in the lower half the text runs the other way round, so that it stands upright
    base = radius + (BASELINE if turned else -BASELINE)
    half = min(width / 2, 179.0)
    ends = _point(base, middle - half), _point(base, middle + half)
    (x0, y0), (x1, y1) = reversed(ends) if turned else ends
    curve = f"M{x0:.2f} {y0:.2f}A{base:.2f} {base:.2f} 0 {int(half > 90)} {int(not turned)} {x1:.2f} {y1:.2f}"
    name_of_curve = f"arc-{ring}-{begin:.2f}"
    fill = "#fff" if ring < 3 else "#1d2329"
    return (
        f'<path id="{name_of_curve}" d="{curve}" fill="none" class="line"/><text fill="{fill}">'
        f'<textPath href="#{name_of_curve}" startOffset="50%">{escape(shown)}</textPath></text>'
    )


def _ring_piece(inner: float, outer: float, begin: float, width: float) -> str:
    """Return the outline of a piece of a ring; degrees run clockwise from the top."""
    if width >= 359.99:  # an arc from a point to itself is not drawn
        circles = ""
        for radius, sweep in ((outer, 1), (inner, 0)):
            circles += f"M0 {-radius:.2f}A{radius:.2f} {radius:.2f} 0 1 {sweep} 0 {radius:.2f}"
            circles += f"A{radius:.2f} {radius:.2f} 0 1 {sweep} 0 {-radius:.2f}Z"
        return circles
    large = int(width > 180)
    (x0, y0), (x1, y1) = _point(outer, begin), _point(outer, begin + width)
    (x2, y2), (x3, y3) = _point(inner, begin + width), _point(inner, begin)
    return (
        f"M{x0:.2f} {y0:.2f}A{outer:.2f} {outer:.2f} 0 {large} 1 {x1:.2f} {y1:.2f}"
        f"L{x2:.2f} {y2:.2f}A{inner:.2f} {inner:.2f} 0 {large} 0 {x3:.2f} {y3:.2f}Z"
    )


def _point(radius: float, degrees: float) -> tuple[float, float]:
    angle = math.radians(degrees)
    return radius * math.sin(angle), -radius * math.cos(angle)
