"""Edges of images that share a key."""

from collections.abc import Iterable, Iterator
from itertools import combinations

from curate.graph.evidence.interface import Edge

LARGEST_CLIQUE = 10


def tied(images: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the pairs of a group: all of up to ten images, a star from the first of more.

    A patient of 9,000 tiles would else give 40 million pairs; the component is the same.
    """
    ordered = sorted(set(images))
    if len(ordered) <= LARGEST_CLIQUE:
        yield from combinations(ordered, 2)
    else:
        yield from ((ordered[0], other) for other in ordered[1:])


def must_link(evidence: str, groups: Iterable[tuple[str, list[str]]]) -> list[Edge]:
    """Return must-link edges of (key, images) groups; a pair that shares several keys names all of them."""
    shared: dict[tuple[str, str], list[str]] = {}
    for key, images in groups:
        for pair in tied(images):
            shared.setdefault(pair, []).append(key)
    return [Edge(a, b, evidence, 1.0, True, False, ", ".join(sorted(keys))) for (a, b), keys in shared.items()]
