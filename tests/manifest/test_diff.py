"""Two manifests compared: counts that close, mirrors, causes, and the step of version, against slow obvious computations."""

import copy
import json
from collections import Counter
from pathlib import Path

import networkx as nx
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.engines import LocalEngine
from curate.errors import BrokenInvariantError
from curate.manifest import moves
from curate.manifest.diff import Difference, compare
from curate.manifest.read import Manifest, load
from curate.manifest.schema import EDGES, IMAGES
from curate.pipeline import run_project
from curate.terminal import Terminal
from tests.manifest.tampering import change_rows, copy_of

IDS = "abcdefgh"
SPLITS = ("train", "validation", "test", "excluded")
KINDS = ("lesion", "cnn", "hash")
SOME = settings(max_examples=50)
LISTS = [name for name, kind in Difference.__annotations__.items() if kind == list[dict] or "Row]" in str(kind)]


def world(images: dict[str, dict], edges: dict[tuple[str, str, str], float], **info) -> Manifest:
    """A manifest in memory; components are those of the edges unless an image says otherwise."""
    graph = nx.Graph()
    graph.add_nodes_from(images)
    graph.add_edges_from((a, b) for a, b, _ in edges)
    component = {i: "c-" + min(part) for part in nx.connected_components(graph) for i in part}
    blank = {f.name: None if f.nullable else {"string": "", "bool": False, "double": 1.0}.get(str(f.type), 1) for f in IMAGES}
    blank |= {"labels": [], "image_keys": [], "lesion_keys": [], "patient_keys": [], "tests": [], "reader_sets": []}
    rows = [{**blank, "image_id": i, "source": "s", "sha256": "0", "component": component[i], **images[i]} for i in sorted(images)]
    ties = [
        {"image_a": a, "image_b": b, "evidence": e, "score": score, "probability": None, "must_link": e == "lesion", "basis": ""}
        for (a, b, e), score in sorted(edges.items())
    ]
    told = {"name": "w", "seed": 1, "protocol": {"test": 0.2}, "policy": {"name": "strict"}, "sources": [], "findings": []}
    told |= {"rejected": [], "not_checked": [], **info}
    classes = {"taxonomy": {"version": "1"}, "partition": {}, "three": [], "nine": [], "nodes": [], "training_classes": []}
    digest = str(hash(json.dumps([rows, ties, told, classes], sort_keys=True)))
    return Manifest(
        Path("w"), digest, told, classes, pa.Table.from_pylist(rows, schema=IMAGES), pa.Table.from_pylist(ties, schema=EDGES)
    )


@st.composite
def contents(draw) -> tuple[dict, dict, int]:
    """Images, edges and a seed."""
    images = {
        i: {
            "split": draw(st.sampled_from(SPLITS)),
            "sha256": draw(st.sampled_from("01")),
            "node_id": draw(st.sampled_from(("N1", "N2", None))),
            "age": draw(st.sampled_from((None, 50.0, float("nan")))),
            "fold": draw(st.sampled_from((None, 0, 1))),
        }
        for i in draw(st.sets(st.sampled_from(IDS), min_size=1))
    }
    pairs = [(a, b, e) for a in images for b in images if a < b for e in KINDS]
    edges = draw(st.dictionaries(st.sampled_from(pairs), st.sampled_from((0.5, 1.0)), max_size=5)) if pairs else {}
    return images, edges, draw(st.sampled_from((1, 2)))


@st.composite
def edits(draw) -> tuple[Manifest, Manifest]:
    """Two manifests of which the second is the first with few changes."""
    images, edges, seed = draw(contents())
    before = world(images, edges, seed=seed)
    images, edges = {i: dict(row) for i, row in images.items()}, dict(edges)
    for edit in draw(st.lists(st.sampled_from(("tie", "untie", "score", "add", "remove", "split", "age", "seed")), max_size=2)):
        image = draw(st.sampled_from(sorted(images)))
        pairs = [(a, b, e) for a in images for b in images if a < b for e in KINDS]
        if edit == "tie" and pairs:
            edges.setdefault(draw(st.sampled_from(pairs)), 1.0)
        elif edit == "untie" and edges:
            del edges[min(edges)]
        elif edit == "score" and edges:
            edges[min(edges)] = 0.75
        elif edit == "add":
            images.setdefault("z", dict(images[image]))
        elif edit == "remove" and len(images) > 1:
            del images[image]
            edges = {k: v for k, v in edges.items() if image not in k[:2]}
        elif edit == "seed":
            seed = 3
        elif edit in ("split", "age"):
            images[image][edit] = {"split": "validation", "age": 51.0}[edit]
    return before, world(images, edges, seed=seed)


def worlds() -> st.SearchStrategy[Manifest]:
    return contents().map(lambda drawn: world(drawn[0], drawn[1], seed=drawn[2]))


def by_id(manifest: Manifest) -> dict[str, dict]:
    return {r["image_id"]: r for r in manifest.images.to_pylist()}


def ties(manifest: Manifest) -> dict[tuple[str, str, str], float]:
    return {(r["image_a"], r["image_b"], r["evidence"]): r["score"] for r in manifest.edges.to_pylist()}


@given(worlds())
@SOME
def test_a_manifest_does_not_differ_from_itself(a):
    found = compare(a, a)
    assert {name: getattr(found, name) for name in LISTS if name not in ("splits", "evidence") and getattr(found, name)} == {}
    assert (found.step, found.because) == ("none", [])


@given(worlds(), worlds())
@SOME
def test_counts_close(a, b):
    found = compare(a, b)
    assert a.images.num_rows + len(found.images_added) - len(found.images_removed) == b.images.num_rows
    assert a.edges.num_rows + len(found.edges_added) - len(found.edges_removed) == b.edges.num_rows
    for row in found.splits:
        assert row["before"] + row["added"] - row["removed"] + row["moved_in"] - row["moved_out"] == row["after"]
        assert row["before"] == sum(1 for r in by_id(a).values() if r["split"] == row["split"])
        assert row["after"] == sum(1 for r in by_id(b).values() if r["split"] == row["split"])
    assert [r["split"] for r in found.splits] == list(SPLITS)
    for row in found.evidence:
        assert row["before"] + row["added"] - row["removed"] == row["after"]
        assert row["after"] == sum(1 for _, _, e in ties(b) if e == row["evidence"])
    assert {r["evidence"] for r in found.evidence} == {e for _, _, e in ties(a) | ties(b)}


@given(worlds(), worlds())
@SOME
def test_the_rows_are_those_that_a_loop_finds(a, b):
    found = compare(a, b)
    old, new = by_id(a), by_id(b)
    both = sorted(old.keys() & new.keys())
    assert [r["image_id"] for r in found.images_added] == sorted(new.keys() - old.keys())
    assert [r["image_id"] for r in found.images_removed] == sorted(old.keys() - new.keys())
    assert [r["image_id"] for r in found.images_changed] == [i for i in both if old[i]["sha256"] != new[i]["sha256"]]
    for rows, column in ((found.moved, "split"), (found.folds, "fold")):
        changed = [(i, old[i][column], new[i][column]) for i in both if old[i][column] != new[i][column]]
        assert [(r["image_id"], r["from"], r["to"]) for r in rows] == changed
    nodes = {(r["image_id"], r["from"], r["to"]) for r in found.labels}
    assert nodes == {(i, old[i]["node_id"], new[i]["node_id"]) for i in both if old[i]["node_id"] != new[i]["node_id"]}
    ages = [r["image_id"] for r in found.facts if r["column"] == "age"]
    assert ages == [i for i in both if str(old[i]["age"]) != str(new[i]["age"])]
    was, now = ties(a), ties(b)
    key = ("image_a", "image_b", "evidence")
    assert [tuple(r[k] for k in key) for r in found.edges_added] == sorted(now.keys() - was.keys())
    assert [tuple(r[k] for k in key) for r in found.edges_removed] == sorted(was.keys() - now.keys())
    assert [(*(r[k] for k in key), r["from"], r["to"]) for r in found.edges_changed] == [
        (*k, was[k], now[k]) for k in sorted(was.keys() & now.keys()) if was[k] != now[k]
    ]
    json.dumps(found.as_json(), allow_nan=True)


@given(worlds(), worlds())
@SOME
def test_components_merged_and_split_are_those_that_share_images(a, b):
    found = compare(a, b)
    parts_a, parts_b = (
        {c: {i for i, r in by_id(m).items() if r["component"] == c} for c in set(m.images.column("component").to_pylist())}
        for m in (a, b)
    )
    merged = {c: sorted(o for o, old in parts_a.items() if old & new) for c, new in parts_b.items()}
    assert {r["component"]: r["from"] for r in found.components_merged} == {c: o for c, o in merged.items() if len(o) > 1}
    assert {r["component"] for r in found.components_new} == {c for c, o in merged.items() if not o}
    for row in (*found.components_merged, *found.components_new):
        assert row["images"] == len(parts_b[row["component"]])
    for row in found.components_merged:
        inside = Counter(e["evidence"] for e in found.edges_added if e["image_a"] in parts_b[row["component"]])
        assert row["evidence"] == dict(inside)


@given(worlds(), worlds())
@SOME
def test_there_and_back_mirror_each_other(a, b):
    there, back = compare(a, b), compare(b, a)

    def turned(rows):
        names = {"from": "to", "to": "from", "before": "after", "after": "before", "added": "removed", "removed": "added"}
        names |= {"moved_in": "moved_out", "moved_out": "moved_in"}
        turn = {"added": "removed", "removed": "added"}
        kept = [{k: v for k, v in r.items() if k not in ("cause", "detail")} for r in rows]
        return [{names.get(k, k): turn.get(v, v) if k == "change" else v for k, v in r.items()} for r in kept]

    mirror = {
        "images_added": "images_removed",
        "edges_added": "edges_removed",
        "components_new": "components_gone",
        "components_merged": "components_split",
    }
    mirror |= {v: k for k, v in mirror.items()}
    for name in LISTS:
        if name != "because":
            expected = turned(getattr(back, mirror.get(name, name)))
            shown = [{k: v for k, v in r.items() if k not in ("cause", "detail")} for r in getattr(there, name)]
            assert json.dumps(shown, sort_keys=True) == json.dumps(expected, sort_keys=True), name
    assert (there.before, there.after) == (back.after, back.before)
    assert there.step == back.step or {there.step, back.step} == {"minor", "major"}


@given(edits())
def test_the_step_is_that_of_croissants_rule(pair):
    """MAJOR where existing data was edited, removed or moved; MINOR where data was only added; PATCH where neither."""
    a, b = pair
    old, new, was, now = by_id(a), by_id(b), ties(a), ties(b)
    kept = {"split", "sha256", "node_id", "fold", "age"}
    edited = any(str(old[i][c]) != str(new[i][c]) for i in old.keys() & new.keys() for c in kept)
    removed = bool(old.keys() - new.keys() or was.keys() - now.keys())
    revalued = any(was[k] != now[k] for k in was.keys() & now.keys())
    if edited or removed or revalued:
        expected = "major"
    elif new.keys() - old.keys() or now.keys() - was.keys():
        expected = "minor"
    else:
        expected = "patch" if a.info["seed"] != b.info["seed"] else "none"
    assert compare(a, b).step == expected


@given(worlds(), worlds())
@SOME
def test_every_move_has_a_cause_and_the_first_that_holds(a, b):
    old, new = by_id(a), by_id(b)
    for move in compare(a, b).moved:
        image = move["image_id"]
        assert move["cause"] in moves.CAUSES
        assert (move["cause"] == moves.LABEL) >= (old[image]["node_id"] != new[image]["node_id"])
        with_before, with_after = (
            {i for i, r in rows.items() if r["component"] == rows[image]["component"]} for rows in (old, new)
        )
        if move["cause"] in (moves.SETTINGS, moves.UNKNOWN):
            assert with_before == with_after
            assert (move["cause"] == moves.SETTINGS) == (a.info["seed"] != b.info["seed"])
        elif move["cause"] == moves.JOINED:
            assert with_after - with_before
        elif move["cause"] == moves.EDGES:
            assert with_before - with_after
            assert not with_after - with_before


TRAIN, TEST, OUT = ({"split": s} for s in ("train", "test", "excluded"))
BASE = {"a": TRAIN, "b": TRAIN, "c": TEST, "d": TEST}
PAIR = {("a", "b", "cnn"): 1.0}


@pytest.mark.parametrize(
    ("images", "edges", "info", "cause", "detail"),
    [
        ({"a": {**TEST, "node_id": "N2"}}, PAIR, {}, moves.LABEL, "its node_id"),
        ({"a": TEST, "b": {**TRAIN, "node_id": "N2"}}, PAIR, {}, moves.LABEL, "of b in its component"),
        ({"a": {**OUT, "excluded_reason": "no_label"}}, PAIR, {}, moves.LABEL, "no_label"),
        ({"a": {**TEST, "pinned": "label_conflict"}}, PAIR, {}, moves.LABEL, "label_conflict"),
        ({"a": {**OUT, "excluded_reason": "quality_in_test"}}, PAIR, {}, moves.FACTS, "quality_in_test"),
        ({"a": {**TEST, "quality_fail": "blurred", "licence": "CC0-1.0"}}, PAIR, {}, moves.FACTS, "its quality_fail and licence"),
        ({"a": TEST, "b": {**TRAIN, "confirmation": "clinical"}}, PAIR, {}, moves.FACTS, "of b in its component"),
        ({"a": TEST}, {**PAIR, ("a", "c", "cnn"): 1.0}, {}, moves.JOINED, "c-c"),
        ({"a": TEST, "e": TEST}, {**PAIR, ("a", "e", "cnn"): 1.0}, {}, moves.JOINED, "new images e"),
        ({"a": TEST}, {}, {}, moves.EDGES, "no longer with b"),
        ({"a": TEST, "b": None}, {}, {}, moves.EDGES, "no longer with b, 1 of them removed"),
        ({"a": {**TEST, "pinned": "weak_bridge"}}, PAIR, {}, moves.EDGES, "weak_bridge"),
        ({"a": TEST}, PAIR, {"seed": 2, "protocol": {"test": 0.3}}, moves.SETTINGS, "protocol.test, seed"),
        ({"a": TEST}, PAIR, {"policy": {"name": "paper"}}, moves.UNKNOWN, "nothing about it changed"),
        ({"a": TEST, "e": TRAIN}, PAIR, {}, moves.UNKNOWN, "nothing about it changed; the split was drawn over other images"),
    ],
)
def test_a_move_is_told_with_its_cause(images, edges, info, cause, detail):
    after = {i: row for i, row in {**BASE, **images}.items() if row is not None}
    found = compare(world(BASE, PAIR), world(after, edges, **info))
    told = {r["image_id"]: (r["cause"], r["detail"]) for r in found.moved}
    assert told["a"] == (cause, detail)


def edited(manifest: Manifest, change) -> Manifest:
    info, classes = copy.deepcopy(manifest.info), copy.deepcopy(manifest.classes)
    change(info, classes)
    return Manifest(manifest.folder, "other", info, classes, manifest.images, manifest.edges)


@pytest.mark.parametrize(
    ("change", "step", "name", "row"),
    [
        (
            lambda _, c: c["training_classes"][0].update(nine="malignant"),
            "major",
            "classes",
            {"change": "changed", "column": "nine", "to": "malignant"},
        ),
        (lambda _, c: c["training_classes"].pop(0), "major", "classes", {"change": "removed"}),
        (lambda _, c: c["training_classes"][0]["nodes"].append("DC:9999999"), "minor", "classes", {"column": "nodes"}),
        (lambda _, c: c["training_classes"][0]["nodes"].pop(), "major", "classes", {"column": "nodes"}),
        (lambda _, c: c["training_classes"][0].update(images=7000), "patch", "classes", None),
        (lambda _, c: c["nodes"][0].update(parent_id="DC:0000002"), "major", "nodes", {"column": "parent_id"}),
        (
            lambda _, c: c["nodes"].append({"node_id": "DC:9999999", "name": "x", "parent_id": None}),
            "minor",
            "nodes",
            {"change": "added", "id": "DC:9999999"},
        ),
        (lambda _, c: c["nine"][0].update(title="x"), "major", "groups", {"column": "title", "to": "x"}),
        (lambda i, _: i["sources"].pop(0), "major", "sources", {"change": "removed", "id": "ham10000"}),
        (lambda i, _: i["sources"][0].update(licence="x"), "patch", "sources", {"column": "licence", "to": "x"}),
        (
            lambda i, _: i["policy"].update(cnn_accept=0.5),
            "patch",
            "settings",
            {"setting": "policy.cnn_accept", "from": 0.942, "to": 0.5},
        ),
        (lambda _, c: c["taxonomy"].update(version="9"), "patch", "settings", {"setting": "taxonomy.version", "to": "9"}),
        (lambda i, _: i["rejected"].clear(), "patch", "notes", {"change": "removed", "kind": "rejected"}),
        (lambda i, _: i.update(new_key={"deep": 1}), "patch", "settings", {"setting": "new_key.deep", "from": None, "to": 1}),
        (lambda _i, _c: None, "patch", "settings", None),
    ],
)
def test_what_is_said_of_the_images_is_compared_too(frozen, change, step, name, row):
    before = load(frozen)
    found = compare(before, edited(before, change))
    assert found.step == step
    rows = getattr(found, name)
    assert [row.items() <= r.items() for r in rows] == [True] if row else rows == []


def test_a_column_that_came_or_went_is_told(frozen):
    before = load(frozen)
    wider = before.images.append_column("blur", pa.array([0.5] * before.images.num_rows))
    after = Manifest(before.folder, "other", before.info, before.classes, wider, before.edges)
    assert (compare(before, after).step, compare(before, after).columns) == ("minor", [{"change": "added", "id": "blur"}])
    assert compare(after, before).step == "major"


def test_other_bytes_with_the_same_pixels_are_told_apart_from_another_picture():
    def content(sha256, pixels):
        return world({"a": {**TRAIN, "sha256": sha256, "pixel_sha256": pixels, "bytes": len(sha256)}}, {})

    for pixels, same in (("p", True), ("q", False)):
        found = compare(content("0", "p"), content("11", pixels))
        assert found.images_changed == [{"image_id": "a", "from": "0", "to": "11", "same_pixels": same}]
        assert found.facts == []  # its size follows


def test_an_image_twice_is_refused_in_words(frozen, tmp_path):
    folder = copy_of(frozen, tmp_path)
    change_rows(folder, "images.parquet", lambda rows: rows.append(rows[0]))
    with pytest.raises(BrokenInvariantError, match="twice") as raised:
        compare(load(frozen), load(folder))
    assert raised.value.exit_code == 3
    folder = copy_of(frozen, tmp_path / "2")
    change_rows(folder, "edges.parquet", lambda rows: rows.append(rows[0]))
    with pytest.raises(BrokenInvariantError, match="cannot be compared"):
        compare(load(frozen), load(folder))


def test_a_repository_more_is_told_as_such(frozen, project, tmp_path):
    less = project.model_copy(
        update={
            "workspace": tmp_path / "ws",
            "manifest": project.manifest.model_copy(update={"out": tmp_path / "out"}),
            "sources": project.sources[:2],
        }
    )
    before = load(Path(run_project(less, LocalEngine(1), Terminal(quiet=True))["manifest"]))
    found = compare(before, load(frozen))
    assert {r["image_id"].split(":")[0] for r in found.images_added} == {"pad_ufes_20"}
    assert len(found.images_added) == 5
    assert (found.images_removed, found.images_changed, found.edges_removed) == ([], [], [])
    assert {(r["change"], r["id"]) for r in found.sources} == {("added", "pad_ufes_20")}
    assert {r["cause"] for r in found.moved} <= {moves.UNKNOWN}  # drawn anew: nothing else about them changed
    assert found.step == ("major" if found.moved or found.folds or found.labels else "minor")
