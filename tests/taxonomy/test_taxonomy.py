"""The tree, labels on it, and the partition against the paper's worked reading."""

import csv
import io
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.errors import InputError
from curate.resources import schemas
from curate.sources.registry import LABEL_MAPS, label_map
from curate.taxonomy.labels import read_label_map
from curate.taxonomy.partition import Sizes, assign, partition
from curate.taxonomy.tree import Group, Node, Tree

NINE = (
    "cutaneous-lymphoma dermal-tumor-benign dermal-tumor-malignant epidermal-tumor-benign epidermal-tumor-malignant genodermatosis"
)


def test_the_shipped_tree_has_the_paper_s_roots_and_classes(tree):
    assert [g.name for g in tree.three] == ["benign", "malignant", "non_neoplastic"]
    assert [g.name for g in tree.nine] == [*NINE.split(), "inflammatory", "pigmented-lesion-benign", "pigmented-lesion-malignant"]
    by_root = {g.name: tree.three_class(g.node_id) for g in tree.nine}
    assert [i for i, g in enumerate(tree.nine) if by_root[g.name] == "benign"] == [1, 3, 7]
    assert [i for i, g in enumerate(tree.nine) if by_root[g.name] == "malignant"] == [0, 2, 4, 8]


def test_names_and_ids_are_unique_and_parents_come_first():
    rows = list(csv.DictReader(io.StringIO(schemas().joinpath("taxonomy", "taxonomy.csv").read_text(encoding="utf-8"))))
    assert len({r["node_id"] for r in rows}) == len({r["name"].casefold() for r in rows}) == len(rows)
    seen = {""}
    for r in rows:
        assert r["parent_id"] in seen, r
        seen.add(r["node_id"])


def test_closure_agrees_with_walking_up(tree):
    closure = {(a, d): n for a, d, n in tree.closure()}
    for node in tree.nodes:
        up, steps = node, 0
        while up is not None:
            assert closure.pop((up, node)) == steps
            up, steps = tree.nodes[up].parent_id, steps + 1
    assert not closure


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("A", "B"), ("B", "A")], "circle"),
        ([("A", "Z")], "no node Z"),
        ([("A", None), ("A", None)], "twice"),
        ([("A", None)], "roots"),
    ],
)
def test_a_tree_that_is_none_is_refused(rows, message):
    with pytest.raises(InputError, match=message):
        Tree("0", [Node(n, n, p, "benign") for n, p in rows], [], [])


def test_conflict_means_that_neither_lies_above_the_other(tree):
    benign, keratosis, melanoma, in_situ = "DC:0000001", "DC:0000543", "DC:0000018", "DC:0001207"
    assert not tree.conflict(benign, keratosis)
    assert not tree.conflict(in_situ, melanoma)
    assert tree.conflict(keratosis, melanoma)
    assert tree.conflict(benign, melanoma)


@pytest.mark.parametrize("source_id", LABEL_MAPS)
def test_label_maps_name_nodes_that_exist_and_cover_their_candidates(source_id, tree):
    rows = label_map(source_id, tree)
    assert rows
    for row in rows:
        if row.candidates and row.node_id is not None and row.how in ("composite", "ambiguous"):
            outside = [c for c in row.candidates if row.node_id not in tree.path(c)]
            assert not outside or row.reason, (row, outside)


HEADER = "field,native_label,node_id,how,candidates,reason\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEADER + "dx,nv,DC:9999999,exact,,\n", "line 2 .*no node DC:9999999"),
        (HEADER + "dx,nv,DC:0000300,exact,,\n", r"no node DC:0000300.\nIt was retired; its images belong to DC:0000305"),
        (HEADER + "dx,nv,DC:0000017,guess,,\n", "'guess' is none of"),
        (HEADER + "dx,nv,DC:0000017,excluded,,a reason\n", "excluded label has no node"),
        (HEADER + "dx,nv,,excluded,,\n", "and a reason"),
        (HEADER + "dx,nv,DC:0000017,ambiguous,,\n", "names its candidates"),
        (HEADER + "dx,nv,DC:0000017,ambiguous,DC:9999999,\n", "no node DC:9999999"),
        (HEADER + "dx,nv,,exact,,\n", "without a node"),
        (HEADER + "dx,nv,DC:0000017,exact,,\ndx,nv,DC:0000018,exact,,\n", "stands in line 2 already"),
        ("label,node\n", "columns are not"),
    ],
)
def test_a_wrong_label_map_is_refused_with_its_line(tree, tmp_path, text, message):
    path = tmp_path / "label_map.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_label_map(path, tree)


def worked_tree() -> Tree:
    """The worked example: A over two leaves, B a large leaf, C over two leaves and C3 over two more."""
    nodes = [("root", None), ("A", "root"), ("a1", "A"), ("a2", "A"), ("B", "root"), ("C", "root"), ("c1", "C"), ("c2", "C")]
    nodes += [("c3", "C"), ("c31", "c3"), ("c32", "c3")]
    groups = [Group(n, name, name) for n, name in enumerate("ABC")]
    return Tree("0", [Node(n, n, p, "benign") for n, p in nodes], [Group(0, "benign", "root")], groups)


COUNTS = {"a1": 400, "a2": 600, "B": 1500, "C": 50, "c1": 700, "c2": 300, "c31": 10, "c32": 990}


@pytest.mark.parametrize(
    ("inclusive", "as_printed", "expected"),
    [
        (False, True, {"a1": 400, "a2": 600, "c1": 700, "c2": 300, "c31": 10, "c32": 990}),
        (True, True, {"A": 1000, "c1": 700, "c2": 300, "c3": 1000}),
        (False, False, {"a1": 400, "a2": 600, "B": 1500, "C:own": 50, "c1": 700, "c2": 300, "c31": 10, "c32": 990}),
        (True, False, {"A": 1000, "B": 1500, "C:own": 50, "c1": 700, "c2": 300, "c3": 1000}),
    ],
)
def test_the_worked_example_under_its_four_readings(inclusive, as_printed, expected):
    found = partition(worked_tree(), COUNTS, 1000, inclusive=inclusive, as_printed=as_printed)
    assert {c.class_id: c.images for c in found} == expected
    assert sum(expected.values()) == (3000 if as_printed else 4550), "the printed text loses B and C's own images"


def test_the_order_of_the_nodes_changes_no_class(tree):
    counts = {n: (i * 37) % 23 for i, n in enumerate(sorted(tree.nodes))}
    shuffled = list(tree.nodes.values())
    random.Random(1).shuffle(shuffled)
    other = Tree(tree.version, shuffled, reversed(tree.three), reversed(tree.nine), tree.retired.values())
    assert partition(other, dict(reversed(counts.items())), 200) == partition(tree, counts, 200)


def test_sizes_are_those_of_the_classes():
    sizes = Sizes.of(partition(worked_tree(), COUNTS, 1000), 1000)
    assert (sizes.classes, sizes.images, sizes.smallest, sizes.largest) == (6, 4550, 50, 1500)
    assert (sizes.median, sizes.mean, sizes.over_limit, sizes.under_ten) == (850.0, 758.3, 1, 0)
    assert Sizes.of([], 10).images == 0


@given(
    counts=st.dictionaries(st.sampled_from(sorted(Tree.shipped().nodes)), st.integers(0, 300), max_size=40),
    limit=st.integers(1, 500),
    inclusive=st.booleans(),
)
def test_classes_are_disjoint_complete_and_within_the_limit(counts, limit, inclusive):
    tree = Tree.shipped()
    classes = partition(tree, counts, limit, inclusive=inclusive)
    held = assign(classes)
    assert len(held) == sum(len(c.nodes) for c in classes), "a node is in two classes"
    assert {n for n, count in counts.items() if count} <= held.keys(), "images without a class"
    assert sum(c.images for c in classes) == sum(counts.values())
    for c in classes:
        assert c.images == sum(counts.get(n, 0) for n in c.nodes)
        assert c.images > 0
        assert c.images < limit or (inclusive and c.images == limit) or len(c.nodes) == 1
        assert len({tree.nine_class(n) for n in c.nodes}) == 1
        assert len({tree.three_class(n) for n in c.nodes}) == 1


def test_a_limit_below_one_is_refused(tree):
    with pytest.raises(InputError, match="at least 1"):
        partition(tree, {}, 0)
