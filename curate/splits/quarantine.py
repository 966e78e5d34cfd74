"""Who is set aside when a catalogue grows: newcomers that tie what was frozen apart, or bring a test a conflicting label."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import networkx as nx

from curate.graph.evidence.groups import must_link
from curate.graph.evidence.interface import Edge
from curate.splits.seats import Exclude, Member, Seat, conflict, stays, tests

NEXT_KEY = re.compile(r", (?=[\w.-]+:)")  # keys are namespaced; one may hold a comma of its own
KEYED = ("bytes", "image_id", "lesion", "patient", "pixels")  # evidence of a shared key: all pairs, or a star in place of them


def without(edges: Iterable[Edge], aside: Collection[str]) -> tuple[list[Edge], list[Edge]]:
    """Return the edges that touch none of some images, and those that join what only such an image joined by a shared key.

    Many images of one key are tied as a star; with its middle gone the others are still of one key, and are tied anew.
    """
    gone, kept, shared = set(aside), [], defaultdict[tuple[str, str], set[str]](set)
    for edge in edges:
        ends = {edge.image_a, edge.image_b}
        if not ends & gone:
            kept.append(edge)
        elif edge.evidence in KEYED:
            for key in NEXT_KEY.split(edge.basis):
                shared[edge.evidence, key] |= ends - gone
    there = {e[:3] for e in kept}
    restored = [
        edge
        for evidence in KEYED
        for edge in must_link(evidence, ((key, sorted(others)) for (of, key), others in sorted(shared.items()) if of == evidence))
        if edge[:3] not in there
    ]
    return kept, sorted(restored, key=lambda e: e[:3])


def conflicting_tests(
    part: Sequence[Member], ties: Sequence[Edge], seats: Mapping[str, Seat], new: set[str], exclude: Exclude
) -> list[str]:
    """Return the frozen test images that a label conflict reaches through images which are no newcomers."""
    old, alone = [m for m in part if m.image_id not in new], _all_without(ties, new)
    return sorted(i for group in _lesions(old, alone) if conflict(group, exclude) for i in tests(group, seats))


def tying(part: Sequence[Member], ties: Sequence[Edge], seats: Mapping[str, Seat], new: set[str]) -> dict[str, str]:
    """Return the newcomers that tie seats, with the words for it.

    Images without a seat that hang together are one bridge; a bridge that touches several seats ties them, and all newcomers in
    it are set aside: which of them is to blame nobody can tell from the edges. Seats that are tied without newcomers are settled
    before.
    """
    settled = dict(seats)
    for piece in _pieces([m.image_id for m in part if m.image_id not in new], _all_without(ties, new)):
        if held := Counter(seats[i] for i in piece if i in seats):
            stay = stays(held)
            for image in piece:
                if seats.get(image) not in (None, stay):
                    del settled[image]
    return {
        image: f"It ties {' and '.join(sorted(map(str, touched)))}."
        for bridge, touched in bridges(part, ties, settled)
        if len(touched) > 1
        for image in bridge & new
    }


def bridges(part: Sequence[Member], ties: Sequence[Edge], seats: Mapping[str, Seat]) -> list[tuple[set[str], set[Seat]]]:
    """Return the sets of images without a seat that hang together, with the seats that each touches."""
    seatless = [m.image_id for m in part if m.image_id not in seats]
    found = _pieces(seatless, ties)
    touched = [set[Seat]() for _ in found]
    number = {image: n for n, bridge in enumerate(found) for image in bridge}
    for edge in ties:
        for one, other in ((edge.image_a, edge.image_b), (edge.image_b, edge.image_a)):
            if one in number and other in seats:
                touched[number[one]].add(seats[other])
    return list(zip(found, touched, strict=True))


def bringing_conflict(
    part: Sequence[Member], ties: Sequence[Edge], seats: Mapping[str, Seat], new: set[str], exclude: Exclude
) -> dict[str, str]:
    """Return the newcomers that bring a label conflict to the lesion of a frozen test image, with the words for it.

    First those that hang together and conflict among themselves or with the tested lesions that they touch; then, where a conflict
    is left that only a longer way explains, all newcomers of that lesion.
    """
    by_id = {m.image_id: m for m in part}
    lesions = _lesions([m for m in part if m.image_id not in new], _all_without(ties, new))
    tested = {m.image_id: n for n, group in enumerate(lesions) if tests(group, seats) for m in group}
    of_lesions = [e for e in ties if e.evidence != "patient"]
    groups = _pieces(sorted(new), of_lesions)
    number = {image: n for n, group in enumerate(groups) for image in group}
    touched = defaultdict[int, set[int]](set)
    for edge in of_lesions:
        for one, other in ((edge.image_a, edge.image_b), (edge.image_b, edge.image_a)):
            if one in number and other in tested:
                touched[number[one]].add(tested[other])
    found: set[str] = set()
    for n, lesion in touched.items():
        if conflict([*(by_id[i] for i in groups[n]), *(m for t in lesion for m in lesions[t])], exclude):
            found |= groups[n]
    left = [m for m in part if m.image_id not in found]
    for group in _lesions(left, _all_without(ties, found)):
        if tests(group, seats) and conflict(group, exclude):
            found |= {m.image_id for m in group} & new
    return dict.fromkeys(found, "It brings a label to a lesion of the test that excludes those which are there.")


def _all_without(ties: Iterable[Edge], aside: Collection[str]) -> list[Edge]:
    kept, restored = without(ties, aside)
    return kept + restored


def _lesions(part: Sequence[Member], ties: Iterable[Edge]) -> list[list[Member]]:
    """Return the images that any edges but those of patients join, with nothing but these images in the graph."""
    by_id = {m.image_id: m for m in part}
    return [[by_id[i] for i in sorted(piece)] for piece in _pieces(sorted(by_id), (e for e in ties if e.evidence != "patient"))]


def _pieces(images: Sequence[str], ties: Iterable[Edge]) -> list[set[str]]:
    """Return the connected sets of some images, by the edges between them alone."""
    graph: Any = nx.Graph()
    graph.add_nodes_from(images)
    graph.add_edges_from((e.image_a, e.image_b) for e in ties if e.image_a in graph and e.image_b in graph)
    return [set(piece) for piece in nx.connected_components(graph)]
