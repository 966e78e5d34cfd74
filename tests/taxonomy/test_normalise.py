"""Labels to nodes in the catalogue, against a slow and obvious reading; the worksheet; what stewards decide."""

import contextlib
import csv
import time
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.catalogue import Catalogue
from curate.errors import InputError
from curate.sources.declaration import Declaration
from curate.sources.ingest import write_taxonomy
from curate.sources.records import _cell
from curate.taxonomy.normalise import coverage, image_classes, images_by_node, unmapped_labels
from curate.taxonomy.partition import partition
from curate.taxonomy.tree import Tree
from curate.taxonomy.worksheet import LOG_NAME, apply_worksheet, suggestions, write_worksheet

TREE = Tree.shipped()
# a chain, a sibling, the other roots: enough for covers, refinements and conflicts
NODES = (
    "DC:0000017",
    "DC:0000646",
    "DC:0000647",
    "DC:0000662",
    "DC:0000018",
    "DC:0001207",
    "DC:0000001",
    "DC:0000543",
    "DC:0003741",
)


def write_labels(catalogue, images, placed):
    """Write images of source `s` with labels [(field, label, rank, fallback, weight)], and a label map {(field, label): node}."""
    catalogue.insert(
        "records",
        [
            {
                "record_id": f"s:{i}",
                "source_id": "s",
                "image_id": f"s:{i}",
                "origin": "",
                "image_keys": [],
                "lesion_keys": [],
                "patient_keys": [],
            }
            for i in images
        ],
    )
    catalogue.insert("images", [{"image_id": f"s:{i}", "source_id": "s", "native_id": str(i), "path": f"{i}.jpg"} for i in images])
    names = ("field", "label", "rank", "fallback", "weight")
    catalogue.insert(
        "labels",
        [
            {"record_id": f"s:{i}", "source_id": "s", **dict(zip(names, row, strict=True))}
            for i, rows in images.items()
            for row in rows
        ],
    )
    catalogue.insert(
        "label_map",
        [
            {"source_id": "s", "field": f, "native_label": label, "node_id": node, "how": "exact" if node else "excluded"}
            for (f, label), node in placed.items()
        ],
    )


def expected_node(rows, placed):
    """The rule, read aloud: the first field with a node, its heaviest labels, the node above them all, refined by later fields."""
    mapped = [(rank, 1.0 if w is None else w, placed[f, label]) for f, label, rank, _, w in rows if placed.get((f, label))]
    if not mapped:
        return None
    first = min(rank for rank, _, _ in mapped)
    heaviest = max(w for rank, w, _ in mapped if rank == first)
    node = TREE.cover({n for rank, w, n in mapped if rank == first and w == heaviest})
    if node is None:
        return None
    below = [(TREE.depth(n), -rank, n) for rank, _, n in mapped if rank > first and node in TREE.path(n)]
    return max(below)[2] if below and max(below)[0] > TREE.depth(node) else node


PLACED = {("a", n): n for n in NODES} | {("b", n): n for n in NODES} | {("c", n): n for n in NODES} | {("a", "no diagnosis"): None}
LABELS = st.lists(
    st.tuples(
        st.sampled_from("abc"), st.sampled_from([*NODES, "no diagnosis", "unheard of"]), st.sampled_from([None, 0.2, 0.5, 0.8])
    ),
    max_size=5,
    unique_by=lambda t: t[:2],
)


def rows_of(drawn):
    rank = {"a": 0, "b": 1, "c": 2}
    return [(f, label, rank[f], f == "c", w) for f, label, w in drawn]


@pytest.fixture(scope="module")
def with_taxonomy(tmp_path_factory):
    with Catalogue.write(tmp_path_factory.mktemp("c"), "a test") as catalogue:
        write_taxonomy(catalogue, TREE)
        yield catalogue


@settings(max_examples=60)
@given(drawn=st.lists(LABELS, min_size=1, max_size=12))
def test_the_node_of_an_image_is_that_of_the_rule(with_taxonomy, drawn):
    images = {i: rows_of(rows) for i, rows in enumerate(drawn)}
    catalogue = with_taxonomy
    with undone(catalogue):
        write_labels(catalogue, images, PLACED)
        found = {image: (node, nine, three) for image, _, node, _, nine, three in image_classes(catalogue)}
        assert len(found) == len(images)
        nodes = {}
        for i, rows in images.items():
            node = expected_node(rows, PLACED)
            nodes[i] = node
            # two later fields may refine to different nodes at one depth; the first of them in rank counts
            ties = [n for n in (placed_nodes(rows)) if node and TREE.depth(n) == TREE.depth(node)]
            assert found[f"s:{i}"][0] == node or found[f"s:{i}"][0] in ties, (rows, node)
            if node and found[f"s:{i}"][0] == node:
                assert found[f"s:{i}"][1:] == (TREE.nine_class(node), TREE.three_class(node))
        assert sum(images_by_node(catalogue).values()) == sum(n is not None for n in nodes.values())
        conflicts = {i for (i,) in catalogue.rows("SELECT DISTINCT image_id FROM image_label_conflicts")}
        assert conflicts == {f"s:{i}" for i, rows in images.items() if own_conflict(rows)}


@contextlib.contextmanager
def undone(catalogue):
    """Take back what is written inside."""
    catalogue.execute("BEGIN")
    try:
        yield
    finally:
        catalogue.execute("ROLLBACK")


def placed_nodes(rows):
    return [PLACED[f, label] for f, label, *_ in rows if PLACED.get((f, label))]


def own_conflict(rows):
    firm = sorted({PLACED[f, label] for f, label, _, fallback, w in rows if PLACED.get((f, label)) and not fallback and w is None})
    return any(TREE.conflict(a, b) for n, a in enumerate(firm) for b in firm[n + 1 :])


@pytest.fixture
def labelled(catalogue):
    write_taxonomy(catalogue, TREE)
    images = {
        1: [("dx", "nevus, Spitz", 0, False, None)],
        2: [("dx", "nevus, Spitz", 0, False, None)],
        3: [("dx", "psorasis", 0, False, None)],
        4: [("dx", "known", 0, False, None)],
    }
    write_labels(catalogue, images, {("dx", "known"): "DC:0000647"})
    return catalogue


def test_unmapped_labels_are_counted_with_examples(labelled):
    rows = unmapped_labels(labelled)
    assert [(r["native_label"], r["images"], r["examples"]) for r in rows] == [
        ("nevus, Spitz", 2, ["s:1", "s:2"]),
        ("psorasis", 1, ["s:3"]),
    ]
    assert coverage(labelled) == [{"source": "s", "images": 4, "with_node": 1, "with_leaf": 0, "with_nine_class": 1}]


def test_suggestions_apply_nothing(labelled):
    found = {r["native_label"]: r["suggestions"][0] for r in suggestions(labelled, TREE)}
    assert found["nevus, Spitz"].node_id == "DC:0000725"
    assert found["psorasis"].how == "fuzzy"
    assert len(unmapped_labels(labelled)) == 2


def filled(path, answers):
    rows = list(csv.DictReader(path.open(encoding="utf-8-sig", newline="")))
    for row in rows:
        row["node"], row["reason"] = answers.get(row["native_label"], ("", ""))
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, list(rows[0]), delimiter=";")  # as a German spreadsheet saves it
        writer.writeheader()
        writer.writerows(rows)


def test_a_worksheet_goes_out_is_filled_in_and_comes_back(labelled, tmp_path):
    path = tmp_path / "w.csv"
    assert write_worksheet(labelled, TREE, path) == 2
    with pytest.raises(InputError, match="there already"):
        write_worksheet(labelled, TREE, path)
    assert apply_worksheet(labelled, TREE, path, "me") == {"applied": 0, "excluded": 0, "blank": 2}
    filled(path, {"nevus, Spitz": ("Spitz naevus", ""), "psorasis": ("excluded", "a test")})
    assert apply_worksheet(labelled, TREE, path, "me") == {"applied": 1, "excluded": 1, "blank": 0}
    assert unmapped_labels(labelled) == []
    assert images_by_node(labelled) == {"DC:0000725": 2, "DC:0000647": 1}
    assert len((labelled.workspace / LOG_NAME).read_text(encoding="utf-8").splitlines()) == 2


def test_the_last_decision_counts_and_before_the_label_map(labelled, tmp_path):
    path = tmp_path / "w.csv"
    for node in ("DC:0000018", "DC:0000647", "DC:0000662"):
        path.write_text(f"source,field,native_label,node,reason\ns,dx,known,{node},\n")
        apply_worksheet(labelled, TREE, path, "me")
    assert images_by_node(labelled) == {"DC:0000662": 1}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("s,dx,psorasis,psoriasys,", r"line 2 .*no node 'psoriasys'.\nDid you mean .*psoriasis"),
        ("s,dx,unheard,DC:0000647,", "no such label was ingested"),
        ("s,dx,psorasis,excluded,", "no reason is given"),
    ],
)
def test_a_wrong_worksheet_changes_nothing(labelled, tmp_path, row, message):
    path = tmp_path / "w.csv"
    path.write_text(f"source,field,native_label,node,reason\n{row}\ns,dx,psorasis,psoriasis,\n")
    with pytest.raises(InputError, match=message):
        apply_worksheet(labelled, TREE, path, "me")
    assert labelled.rows("SELECT * FROM label_decisions") == []
    path.write_text("a,b\n")
    with pytest.raises(InputError, match="no column 'source'"):
        apply_worksheet(labelled, TREE, path, "me")


def test_a_retired_node_in_an_old_decision_leads_to_its_successor(labelled, tmp_path):
    gone = next(iter(TREE.retired))
    path = tmp_path / "w.csv"
    path.write_text(f"source,field,native_label,node,reason\ns,dx,known,{gone},\n")
    apply_worksheet(labelled, TREE, path, "me")
    assert list(images_by_node(labelled)) == [TREE.current(gone)]
    labelled.execute("UPDATE label_decisions SET node_id = ?", [gone])  # as an older version wrote it
    assert list(images_by_node(labelled)) == [TREE.current(gone)]


def column(**what):
    content = {
        "id": "x",
        "name": "x",
        "type": "app",
        "licence": "x",
        "attribution": "x",
        "citation": "x",
        "homepage": "x",
        "download": "x",
        "images": [{"pattern": "(?P<native_id>.*)"}],
        "record": {"labels": [what]},
    }
    return Declaration.model_validate(content).record.labels[0]


def test_cells_with_several_labels_and_with_weights():
    assert _cell(column(column="c"), "a; b") == [("a; b", None)]
    assert _cell(column(column="c", separator=";"), "a; b;;a") == [("a", None), ("b", None)]
    weighted = column(column="c", weights=True)
    assert _cell(weighted, "{'Eczema': 0.41, 'Acne': 0.59}") == [("Acne", 0.59), ("Eczema", 0.41)]
    assert _cell(weighted, '{"Eczema": 1}') == [("Eczema", 1.0)]
    assert _cell(weighted, "{}") == []
    with pytest.raises(InputError, match="no object of labels and weights"):
        _cell(weighted, "Eczema")


def test_at_the_paper_s_size_each_takes_under_two_seconds(catalogue):
    """129,450 records: normalisation (every image's node and classes) and the partition."""
    write_taxonomy(catalogue, TREE)
    leaves = sorted(n for n in TREE.nodes if not TREE.children.get(n))
    placed = {("dx", TREE.nodes[n].name): n for n in leaves}
    names = [TREE.nodes[n].name for n in leaves]
    images = {i: [("dx", names[(i * i) % len(names)], 0, False, None), ("more", "x", 1, True, None)] for i in range(129_450)}
    write_labels(catalogue, images, placed)
    begun = time.perf_counter()
    rows = image_classes(catalogue)
    seconds = time.perf_counter() - begun
    assert Counter(r[2] is None for r in rows) == {False: 129_450}
    begun = time.perf_counter()
    classes = partition(TREE, images_by_node(catalogue), 1000)
    cut = time.perf_counter() - begun
    assert sum(c.images for c in classes) == 129_450
    assert seconds < 2, seconds
    assert cut < 2, cut
