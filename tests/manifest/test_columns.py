"""What the invariants ask of columns, against slow and obvious answers."""

import itertools

import networkx
import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from curate.manifest import frozen as module
from curate.manifest.frozen import Frozen, Rows, in_several

LETTERS = st.sampled_from(["a", "b", "c", "é", "\U0001f600", ""])
NOTHING = {"nodes": [], "three": [], "nine": []}


def table(*rows, names, cut=0):
    """A table of text columns, in chunks that end in different places."""
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    chunks = [
        pa.chunked_array([pa.array(c[: cut + n], pa.string()), pa.array(c[cut + n :], pa.string())]) for n, c in enumerate(columns)
    ]
    return Rows(pa.table(chunks, names=list(names)))


@given(st.lists(st.tuples(LETTERS, LETTERS), max_size=5), st.integers(0, 3), st.booleans())
def test_ascending(rows, cut, strictly):
    slow = all(a < b or (a == b and not strictly) for a, b in itertools.pairwise(rows))
    assert table(*rows, names="xy", cut=cut).ascending("x", "y", strictly=strictly) == slow


@given(st.lists(st.tuples(LETTERS, LETTERS), max_size=6))
def test_rows_in_every_form(rows):
    found = table(*rows, names="xy")
    assert len(found) == len(rows)
    assert list(found) == [{"x": x, "y": y} for x, y in rows]
    assert list(found.each("y")) == [(y,) for _, y in rows]
    assert list(found.each("y", "x")) == [(y, x) for x, y in rows]
    assert found.counted("x") == {x: sum(a == x for a, _ in rows) for x, _ in rows}
    kept = found.where(np.array([x == "a" for x, _ in rows], dtype=bool))
    assert list(kept.each("x", "y")) == [row for row in rows if row[0] == "a"]
    assert list(found.beside(z=found["x"]).each("z")) == [(x,) for x, _ in rows]


def test_rows_come_in_batches(monkeypatch):
    monkeypatch.setattr(module, "BATCH", 2)
    found = table(*[(str(n),) for n in range(7)], names="x")
    assert [x for (x,) in found.each("x")] == [row["x"] for row in found] == list("0123456")


@given(st.lists(st.tuples(st.none() | LETTERS, st.none() | LETTERS, LETTERS), max_size=8))
def test_in_several(rows):
    slow: dict = {}
    for thing, place, witness in rows:
        slow.setdefault(thing, {}).setdefault(place, witness)
    things, places, witnesses = (pa.array([row[n] for row in rows], pa.string()) for n in range(3))
    several = {thing: seen for thing, seen in slow.items() if len(seen) > 1}
    found = in_several(things, places, witnesses)
    assert found == several
    assert list(found) == list(several)


@given(st.integers(0, 9), st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11), st.booleans()), max_size=14))
def test_tops(number, edges):
    """Ids of two digits from 10 on, of which 20 and above are no images; each image's top is the first of its component."""
    ids = [str(10 + n) for n in range(number)]
    ends = [(str(10 + a), str(10 + b)) for a, b, _ in edges]
    frozen = Frozen(
        Rows(pa.table({"image_id": pa.array(ids, pa.string())})), table(*ends, names=("image_a", "image_b")), NOTHING, {}
    )
    asked = [None] if not edges else [None, pa.chunked_array([pa.array([kept for *_, kept in edges])])]
    for which in asked:
        graph = networkx.Graph()
        graph.add_nodes_from(ids)
        graph.add_edges_from(pair for pair, (*_, kept) in zip(ends, edges, strict=True) if which is None or kept)
        graph.remove_nodes_from(set(graph) - set(ids))
        first = {image: min(part) for part in networkx.connected_components(graph) for image in part}
        assert frozen.tops(which).to_pylist() == [first[image] for image in ids]
    assert [frozen.place_a.tolist(), frozen.place_b.tolist()] == [
        [ids.index(end) if end in ids else -1 for end in side] for side in ([a for a, _ in ends], [b for _, b in ends])
    ]


def test_a_long_chain_in_the_worst_order():
    ids = [f"{n:05d}" for n in range(2000)]
    edges = table(*[(ids[n], ids[n + 1]) for n in range(1999)], names=("image_a", "image_b"))
    frozen = Frozen(Rows(pa.table({"image_id": ids})), edges, NOTHING, {})
    assert set(frozen.tops().to_pylist()) == {"00000"}


def test_an_id_on_several_rows_is_that_of_the_first():
    images = Rows(pa.table({"image_id": ["a", "b", "b", "c"], "x": ["1", "2", "3", "4"]}))
    frozen = Frozen(images, table(("b", "c"), ("a", "z"), names=("image_a", "image_b")), NOTHING, {})
    assert frozen.tops().to_pylist() == ["a", "b", "b", "b"]
    assert [column.to_pylist() for column in frozen.ends("x")] == [["2", "1"], ["4", None]]


def test_lines_of_a_tree_that_is_none_end():
    classes = {
        "nodes": [{"node_id": a, "parent_id": b} for a, b in (("a", None), ("b", "a"), ("c", "gone"), ("x", "y"), ("y", "x"))],
        "three": [{"node_id": "a", "name": "A"}],
        "nine": [{"node_id": "b", "name": "B"}],
    }
    frozen = Frozen(table(names=("image_id",)), table(names=("image_a", "image_b")), classes, {})
    assert [frozen.path(node) for node in "abcxz"] == [["a"], ["b", "a"], ["c"], ["x", "y"], []]
    assert [(frozen.three_of(node), frozen.nine_of(node)) for node in "abcx"] == [
        ("A", None),
        ("A", "B"),
        (None, None),
        (None, None),
    ]
    for nodes, excluding in ((), False), ("a", False), ("z", False), ("ab", False), ("ba", False), ("bc", True), ("abc", True):
        assert frozen.exclude_each_other(list(nodes)) == excluding
