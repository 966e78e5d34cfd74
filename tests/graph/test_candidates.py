"""Voting against a slow and obvious count of the same votes."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.fingerprints.points import POINT, POINTS, VIEWS
from curate.graph import candidates, inverted_file
from curate.graph.candidates import ASKED, NEIGHBOURS, SPARE, STORED, UNRELATED, VOTE, codes, reduced, vote

STARTS = [0, VIEWS[0].points, VIEWS[0].points + VIEWS[1].points]


def drawn_points(pictures, seed, per_view=6, shared=()):
    """Return random points; `shared` names pairs of pictures whose first points are nearly the same."""
    random = np.random.default_rng(seed)
    points = np.zeros((pictures, POINTS), dtype=POINT)
    for start in STARTS:
        part = points[:, start : start + per_view]
        part["size"] = 100
        part["descriptor"] = random.gamma(0.4, 30, (pictures, per_view, 128)).clip(0, 255)
    for a, b in shared:
        points[b, :4] = points[a, :4]
        points[b, :4]["descriptor"] += random.integers(0, 2, (4, 128), dtype=np.uint8)
    return points


def of(points):
    return lambda rows: points[rows]


def counted(points, most):
    """Count votes by loops over all pairs of points."""
    stored = [
        (picture, reduced(points[picture, start + n]["descriptor"][None])[0].astype(int), n < ask)
        for picture in range(len(points))
        for start, keep, ask in zip(STARTS, STORED, ASKED, strict=True)
        for n in range(keep)
        if points[picture, start + n]["size"]
    ]
    total: dict[tuple[int, int], int] = {}
    for picture, code, asks in stored:
        if not asks:
            continue
        near = sorted((math.sqrt(((code - c) ** 2).sum()), n, other) for n, (other, c, _) in enumerate(stored))
        near = [found for found in near[: NEIGHBOURS + SPARE] if found[2] != picture]
        last = min(near[NEIGHBOURS][0] if len(near) > NEIGHBOURS else math.inf, UNRELATED)
        best: dict[int, float] = {}
        for distance, _, other in near[:NEIGHBOURS]:
            best[other] = max(best.get(other, 0), np.rint(max(0, 1 - distance / max(last, 1)) * VOTE))
        for other, weight in best.items():
            pair = min(picture, other), max(picture, other)
            total[pair] = total.get(pair, 0) + int(weight)
    kept = set()
    for picture in range(len(points)):
        mine = sorted((-v, a + b - picture) for (a, b), v in total.items() if picture in (a, b) and v)
        kept |= {(min(picture, other), max(picture, other)) for _, other in mine[:most]}
    return {pair: total[pair] for pair in kept}


@given(pictures=st.integers(2, 6), seed=st.integers(0, 50), most=st.integers(1, 3))
@settings(max_examples=15, deadline=None)
def test_votes_are_those_counted_by_hand(pictures, seed, most):
    points = drawn_points(pictures, seed, per_view=3, shared=[(0, 1)])
    found = vote(codes(of(points), np.arange(pictures)), pictures, most)
    assert dict(zip(zip(found.i.tolist(), found.j.tolist(), strict=True), found.votes.tolist(), strict=True)) == counted(
        points, most
    )


def on_one_thread(points):
    import faiss

    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        return vote(codes(of(points), np.arange(len(points))), len(points), 5)
    finally:
        faiss.omp_set_num_threads(threads)


def test_nothing_depends_on_threads_or_on_how_many_are_asked_at_once(monkeypatch):
    points = drawn_points(60, 3, per_view=40, shared=[(1, 9), (2, 50)])
    whole = vote(codes(of(points), np.arange(60)), 60, 5)
    assert {(1, 9), (2, 50)} <= set(zip(whole.i.tolist(), whole.j.tolist(), strict=True))
    monkeypatch.setattr(candidates, "AT_ONCE", 777)
    monkeypatch.setattr(candidates, "PICTURES_AT_ONCE", 7)
    monkeypatch.setattr(candidates, "JOINED_AT_ONCE", 9)
    again = on_one_thread(points)
    assert all(np.array_equal(a, b) for a, b in zip(whole, again, strict=True))


def test_recall_is_that_of_an_exact_search(monkeypatch):
    points = drawn_points(40, 5, per_view=20)
    exact = vote(codes(of(points), np.arange(40)), 40, 5)
    assert exact.recall == 1  # few points: every list is probed
    monkeypatch.setattr(candidates, "LISTS_PER_POINT", 1 / 20)
    monkeypatch.setattr(candidates, "PROBED", 1)
    fewer = vote(codes(of(points), np.arange(40)), 40, 5)
    assert fewer.recall is not None
    assert 0.05 < fewer.recall < 0.9


def test_lists_in_groups_find_nearly_as_much(monkeypatch):
    """Many lists are grouped, and a vector looks only into the nearest groups."""
    monkeypatch.setattr(candidates, "LISTS_PER_POINT", 1 / 10)
    points = drawn_points(60, 8, per_view=30, shared=[(1, 9), (2, 50)])
    each = vote(codes(of(points), np.arange(60)), 60, 5)
    monkeypatch.setattr(inverted_file, "EXACT_LISTS", 100)
    monkeypatch.setattr(inverted_file, "GROUPS", 16)
    grouped = vote(codes(of(points), np.arange(60)), 60, 5)
    assert {(1, 9), (2, 50)} <= set(zip(grouped.i.tolist(), grouped.j.tolist(), strict=True))
    assert grouped.recall > 0.8 * each.recall > 0
    assert all(np.array_equal(a, b) for a, b in zip(grouped, on_one_thread(points), strict=True))


def test_rows_say_which_pictures_take_part():
    points = drawn_points(8, 1, per_view=30, shared=[(2, 6)])
    few = vote(codes(of(points), np.array([2, 6, 7])), 3, 1)
    assert few.i[few.votes.argmax()] == 0
    assert few.j[few.votes.argmax()] == 1


@pytest.mark.parametrize("pictures", [0, 1, 3])
def test_pictures_without_points_have_no_candidates(pictures):
    found = vote(codes(of(np.zeros((pictures, POINTS), dtype=POINT)), np.arange(pictures)), pictures, 5)
    assert len(found.i) == 0


def test_reduced_descriptors_are_exact_whole_numbers():
    random = np.random.default_rng(0)
    descriptors = random.gamma(0.4, 30, (500, 128)).clip(0, 255).astype(np.uint8)
    centre, projection = candidates._projection()
    wide = (descriptors.astype(np.int64) - centre.astype(np.int64)) @ projection.astype(np.int64)
    assert np.abs(wide).max() < 2**24
    length = np.sqrt((wide**2).sum(axis=1, keepdims=True))
    assert (reduced(descriptors) == np.clip(np.rint(wide / length * 200) + 128, 0, 255)).mean() > 0.9999
