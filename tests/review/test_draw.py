"""What is drawn: unlisted edges, known pairs that are what they are called, the same pairs in any order of rows."""

from collections import Counter
from dataclasses import replace
from datetime import datetime
from itertools import combinations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.catalogue import Catalogue
from curate.errors import InputError, NotReadyError
from curate.review.draw import JUDGED, KNOWN_DIFFERENT, KNOWN_SAME, Request, draw
from curate.review.filled import ordered, pairs_of
from tests.review.small import CANDIDATES, IMAGES, LESIONS, MUST, UNLISTED, a, edge, h, put_edges, w, write_small

ALL = Request(number=1000, known_share=0.0)


def pairs(drawn, kind=JUDGED):
    return {(p.image_a, p.image_b) for p in drawn.pairs if p.kind == kind}


def test_judged_are_the_unlisted_edges_once_each_with_what_is_said_of_them(small):
    drawn = draw(small, ALL)
    assert pairs(drawn) == UNLISTED
    assert len(drawn.pairs) == drawn.pool == len(UNLISTED)
    by_pair = {(p.image_a, p.image_b): p for p in drawn.pairs}
    assert by_pair[a(2), w(2)].evidence == ("cnn", "hash")
    assert by_pair[a(2), w(2)].scores == (0.95, 0.8)
    assert by_pair[a(2), w(2)].probability == 0.902
    assert drawn.notes == [f"1000 pairs were asked for, {len(UNLISTED)} are all there are."]


MUST_KINDS = ("lesion", "patient", "bytes", "declared", "verdict")
SOME = st.sampled_from([a(0), a(1), a(2), a(3), a(4), h(0), h(1), w(0), w(1), w(2)])
EDGES = st.lists(
    st.tuples(SOME, SOME, st.sampled_from((*MUST_KINDS, "cnn", "hash", "exif"))).filter(lambda e: e[0] != e[1]),
    max_size=14,
    unique_by=lambda e: (*sorted(e[:2]), e[2]),
)
LISTS = st.frozensets(st.tuples(SOME, SOME).filter(lambda p: p[0] < p[1]), max_size=3)


@settings(max_examples=30)
@given(edges=EDGES, listed=LISTS, excluded=LISTS)
def test_the_pool_is_what_paths_of_must_links_leave(small_catalogue, edges, listed, excluded):
    """The oracle asks networkx for a path, pair by pair."""
    put_edges(small_catalogue, [edge(*e) for e in edges])
    small_catalogue.execute("DELETE FROM verdicts")
    graph = nx.Graph()
    graph.add_nodes_from(IMAGES)
    graph.add_edges_from(e[:2] for e in edges if e[2] in MUST_KINDS and e[2] != "patient")
    graph.add_edges_from(listed)
    graph.add_edges_from((x, y) for x, y in combinations(IMAGES, 2) if x in LESIONS and LESIONS[x] == LESIONS.get(y))
    candidates = {ordered(*e[:2]) for e in edges if e[2] not in MUST_KINDS}
    expected = {pair for pair in candidates if not nx.has_path(graph, *pair)} - excluded
    request = replace(ALL, known=listed or None, excluded=excluded)
    if expected:
        assert pairs(draw(small_catalogue, request)) == expected
    else:
        with pytest.raises(InputError, match="no pair to be judged"):
            draw(small_catalogue, request)


def test_known_pairs_are_what_they_are_called(small):
    drawn = draw(small, Request(number=12, known_share=0.5))
    judged, same, different = (pairs(drawn, kind) for kind in (JUDGED, KNOWN_SAME, KNOWN_DIFFERENT))
    assert (len(judged), len(same), len(different)) == (12, 6, 6)
    assert all(LESIONS[x] == LESIONS[y] for x, y in same)
    assert len({LESIONS[x] for x, _ in same}) == 6
    graph = nx.Graph((e["image_a"], e["image_b"]) for e in (*MUST, *CANDIDATES))
    graph.add_nodes_from(IMAGES)
    for x, y in different:
        assert LESIONS[x] != LESIONS[y]
        assert sum(x in pair or y in pair for pair in different) == 1  # a picture seen often would give itself away
        assert not nx.has_path(graph, x, y)


def test_known_different_pairs_are_of_the_sources_that_are_judged(small):
    put_edges(small, [*MUST, *[edge(a(n), h(n + 2), "cnn") for n in range(10)]])
    drawn = draw(small, Request(number=10, known_share=0.5))
    assert [{i.split(":")[0] for i in pair} for pair in pairs(drawn, KNOWN_DIFFERENT)] == [{"archive", "hospital"}] * 5
    put_edges(small, [edge(w(n), w(n + 1), "cnn") for n in range(10)])
    drawn = draw(small, Request(number=10, known_share=0.5))
    assert len(pairs(drawn, KNOWN_DIFFERENT)) == 5
    assert any(note.startswith("5 known different pairs are of other sources") for note in drawn.notes)


def test_keys_of_two_id_spaces_tell_nothing_apart(small):
    small.execute("UPDATE records SET lesion_keys = ['own:' || image_id] WHERE source_id = 'hospital'")
    put_edges(small, [*MUST, *[edge(a(n), h(n + 2), "cnn") for n in range(10)]])
    try:
        drawn = draw(small, Request(number=10, known_share=0.5))
    finally:
        small.execute("UPDATE records SET lesion_keys = ['isic:IL_1' || right(image_id, 2)] WHERE source_id = 'hospital'")
    assert all(x.split(":")[0] == y.split(":")[0] for x, y in pairs(drawn, KNOWN_DIFFERENT))
    assert pairs(drawn, KNOWN_DIFFERENT)


@pytest.mark.parametrize(("number", "share", "known"), [(16, 0.2, 4), (15, 0.2, 4), (12, 0.0, 0), (10, 0.1, 1), (4, 0.5, 4)])
def test_the_share_is_of_all_pairs(small, number, share, known):
    drawn = draw(small, Request(number=number, known_share=share))
    assert drawn.count(JUDGED) == number
    assert drawn.count(KNOWN_SAME) + drawn.count(KNOWN_DIFFERENT) == known
    assert drawn.count(KNOWN_SAME) - drawn.count(KNOWN_DIFFERENT) in (0, 1)


def test_a_list_gives_the_known_pairs_and_settles_edges(small, tmp_path):
    table = tmp_path / "known.csv"
    lines = [f"{h(2)},{w(13)},same_lesion", f"{a(2)},{w(2)},declared", f"{h(4)},{h(5)},same_patient", f"{h(6)},gone:1,same_lesion"]
    table.write_text("\n".join(["image_a,image_b,relation", *lines]))
    listed = frozenset(pairs_of(table))
    drawn = draw(small, Request(number=1000, known_share=0.5, known=listed))
    assert pairs(drawn, KNOWN_SAME) == {(h(2), w(13)), (a(2), w(2))}
    assert pairs(drawn) == UNLISTED - {(h(2), w(13)), (a(2), w(2))}
    assert any("1 known pairs name pictures that the catalogue does not hold" in note for note in drawn.notes)
    assert any("known pairs asked for, 2 same" in note for note in drawn.notes)
    with pytest.raises(InputError, match="the first is gone:1 and gone:2"):
        draw(small, replace(ALL, known=frozenset({("gone:1", "gone:2")})))


def test_identical_pixels_are_no_test_of_a_reviewer(small):
    drawn = draw(small, Request(number=8, known_share=0.5))
    first = min(pairs(drawn, KNOWN_SAME))
    before = small.rows("SELECT sha256, pixel_sha256 FROM pictures WHERE image_id IN (?, ?) ORDER BY image_id", list(first))
    small.execute("UPDATE fingerprints SET pixel_sha256 = ? WHERE sha256 = ?", [before[0][1], before[1][0]])
    try:
        assert first not in pairs(draw(small, Request(number=8, known_share=0.5)), KNOWN_SAME)
    finally:
        small.execute("UPDATE fingerprints SET pixel_sha256 = ? WHERE sha256 = ?", [before[1][1], before[1][0]])


def test_what_a_person_decided_is_not_asked_again(small):
    for pair, verdict in (((a(2), w(2)), "different"), ((h(2), w(13)), "same"), ((a(4), w(4)), "unsure")):
        small.execute("INSERT INTO verdicts VALUES (?, ?, ?, 'me', ?, '')", [*pair, verdict, datetime(2026, 1, 1)])
    assert pairs(draw(small, ALL)) == UNLISTED - {(a(2), w(2)), (h(2), w(13))}


def test_findings_give_the_weak_bridges(small):
    bridge = {"stage": "link", "id": "component.weak-bridge", "severity": "info", "message": "", "component": "c"}
    small.insert("findings", [{**bridge, "images": list(pair)} for pair in ((h(2), w(13)), (w(3), a(3)), (a(0), a(1)))])
    assert pairs(draw(small, replace(ALL, pool="findings"))) == {(h(2), w(13)), (a(3), w(3))}


def test_no_order_of_rows_changes_a_draw_and_a_seed_does(small, small_folder, tmp_path):
    request = Request(number=9, known_share=0.4)
    drawn = draw(small, request)
    for seed in (1, 2):
        with Catalogue.write(tmp_path / str(seed), "a test") as other:
            write_small(other, small_folder, np.random.default_rng(seed))
            assert draw(other, request) == drawn
    assert pairs(draw(small, replace(request, seed=1))) != pairs(drawn)
    assert pairs(draw(small, replace(request, number=5))) < pairs(drawn)
    assert pairs(draw(small, replace(request, number=5)), KNOWN_SAME) < pairs(drawn, KNOWN_SAME)


def test_neither_the_order_nor_the_side_tells_what_is_known(small):
    """Over 24 draws, places and sides of each kind are as good as even: far outside these bounds by chance once in 10,000."""
    place, side, number = Counter(), Counter(), Counter()
    for seed in range(24):
        drawn = draw(small, Request(number=10, known_share=0.5, seed=seed))
        for n, pair in enumerate(drawn.pairs):
            place[pair.kind] += n / (len(drawn.pairs) - 1)
            side[pair.kind] += pair.swapped
            number[pair.kind] += 1
    assert number == {JUDGED: 240, KNOWN_SAME: 120, KNOWN_DIFFERENT: 120}
    for kind, count in number.items():
        assert place[kind] / count == pytest.approx(0.5, abs=4 * 0.3 / count**0.5), kind
        assert side[kind] / count == pytest.approx(0.5, abs=4 * 0.5 / count**0.5), kind


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (replace(ALL, pool="candidates"), "no pool 'candidates'"),
        (replace(ALL, number=0), "at least one pair"),
        (replace(ALL, known_share=1.0), "at least one pair"),
        (replace(ALL, excluded=frozenset(UNLISTED)), "no pair to be judged"),
        (replace(ALL, pool="findings"), "no pair to be judged"),
    ],
)
def test_what_cannot_be_drawn_is_said(small, request_, said):
    with pytest.raises(InputError, match=said) as caught:
        draw(small, request_)
    assert caught.value.hint


def test_link_has_to_run_first(catalogue):
    with pytest.raises(NotReadyError, match="link"):
        draw(catalogue, ALL)
