"""Versions of the taxonomy: proven, reproducible from the decisions, retired nodes led on, compared, exported."""

import csv
import io
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from curate.errors import InputError
from curate.taxonomy.build import build
from curate.taxonomy.check import check_taxonomy
from curate.taxonomy.diff import compare
from curate.taxonomy.export import FORMATS, export_text, write_export
from curate.taxonomy.tree import Retired, Tree
from tests.conftest import CHECKOUT

FOLDER = CHECKOUT / "schemas" / "taxonomy"


def with_node(tree: Tree, node_id: str, **changes) -> Tree:
    nodes = [replace(n, **changes) if n.node_id == node_id else n for n in tree.nodes.values()]
    return Tree("test", nodes, tree.three, tree.nine, tree.retired.values())


def test_the_shipped_taxonomy_is_proven(tree):
    proof = check_taxonomy(tree)
    assert proof.ok, proof.as_json()
    assert proof.counts["leaves"] >= 2032
    assert sum(proof.counts["leaves_by_nine_class"].values()) == proof.counts["leaves"]
    assert sum(proof.counts["leaves_by_level"].values()) == proof.counts["leaves"]


def test_leaves_and_roots_by_a_count_of_the_file_alone():
    rows = list(csv.DictReader((FOLDER / "taxonomy.csv").open(encoding="utf-8", newline="")))
    parents = {r["parent_id"] for r in rows}
    assert sum(1 for r in rows if not r["parent_id"]) == 3
    assert sum(1 for r in rows if r["parent_id"] in {"DC:0000001", "DC:0000002", "DC:0000003"}) == 9
    assert sum(1 for r in rows if r["node_id"] not in parents) >= 2032


@pytest.mark.parametrize(
    ("node_id", "changes", "failing"),
    [
        ("DC:0000647", {"name": "Melanoma In Situ"}, "names are unique"),
        ("DC:0000647", {"synonyms": ("melanoma in situ",)}, "no synonym is shared"),
        ("DC:0000647", {"malignancy": "mostly harmless"}, "malignancy"),
        ("DC:0000647", {"xrefs": {"mondo": ("MONDO:0005105",)}}, "no Mondo id"),
        ("DC:0000647", {"also_under": ("DC:9999999",)}, "other parents"),
        ("DC:0000647", {"also_under": ("DC:0000017",)}, "other parents"),
    ],
)
def test_a_broken_taxonomy_fails_its_check(tree, node_id, changes, failing):
    proof = check_taxonomy(with_node(tree, node_id, **changes))
    assert any(name.startswith(failing) for name, wrong in proof.checks if wrong)
    assert not proof.ok


def test_a_small_tree_has_too_few_leaves(tree):
    few = [n for n in tree.nodes.values() if tree.depth(n.node_id) <= 3]
    proof = check_taxonomy(Tree("test", [replace(n, also_under=()) for n in few], tree.three, tree.nine))
    assert not proof.ok
    assert any("2,032" in name and wrong for name, wrong in proof.checks)


def test_the_decisions_make_the_shipped_files_to_the_byte():
    for name, content in build(FOLDER).items():
        assert content == (FOLDER / name).read_bytes(), name


def test_every_decision_has_its_reason():
    for path in (FOLDER / "decisions").glob("*.csv"):
        for line, row in enumerate(csv.DictReader(path.open(encoding="utf-8", newline="")), start=2):
            if path.name == "synonyms_added.csv":
                assert row["taken"] == "yes" or row["reason"], (path.name, line)
            else:
                assert row["reason"].strip(), (path.name, line)


def test_every_node_that_asked_for_a_decision_has_one():
    import gzip

    decided = {r["node_id"] for r in csv.DictReader((FOLDER / "decisions" / "reviewed.csv").open(encoding="utf-8", newline=""))}
    with gzip.open(FOLDER / "decisions" / "material.csv.gz", "rt", encoding="utf-8", newline="") as handle:
        material = list(csv.DictReader(handle))
    parents = {r["parent_id"] for r in material}
    unconfirmed = {
        r["node_id"] for r in material if r["note"].startswith("named by hand; no exact") and r["node_id"] not in parents
    }
    low = {r["node_id"] for r in material if r["confidence"] == "low"}
    assert len(unconfirmed) == 1182
    assert unconfirmed | low <= decided


def decide(folder: Path, table: str, row: dict[str, str]) -> None:
    path = folder / "decisions" / f"{table}.csv"
    text = io.StringIO()
    columns = path.read_text(encoding="utf-8").split("\n", 1)[0].split(",")
    csv.DictWriter(text, columns, lineterminator="\n").writerow({c: row.get(c, "") for c in columns})
    with path.open("a", encoding="utf-8") as handle:
        handle.write(text.getvalue())


@pytest.fixture
def draft(tmp_path):
    shutil.copytree(FOLDER, tmp_path / "taxonomy")
    return tmp_path / "taxonomy"


def rebuilt(folder: Path) -> Tree:
    for name, content in build(folder).items():
        (folder / name).write_bytes(content)
    return Tree.read(folder)


def test_a_merged_node_leads_to_its_successor_and_gives_it_its_names(draft, tree):
    row = {"node_id": "DC:0000662", "asked": "test", "decision": "merge", "target": "DC:0000647", "reason": "r", "version": "9"}
    decide(draft, "reviewed", row)
    new = rebuilt(draft)
    assert "DC:0000662" not in new.nodes
    assert new.current("DC:0000662") == "DC:0000647"
    assert {"deep penetrating nevus", "plexiform spindle cell nevus"} <= set(new.nodes["DC:0000647"].synonyms)
    assert "NCIT:C7576" in new.nodes["DC:0000647"].xrefs["ncit"]
    assert check_taxonomy(new).ok
    change = compare(tree, new)
    assert change["retired"] == ["DC:0000662 deep penetrating nevus -> DC:0000647 blue nevus"]
    assert change["lost"] == change["added"] == change["reclassed"] == []


def test_a_move_across_roots_changes_class_and_default_malignancy(draft, tree):
    decide(draft, "reviewed", {"node_id": "DC:0000647", "decision": "move", "target": "DC:0001200", "reason": "r", "version": "9"})
    new = rebuilt(draft)
    assert new.nine_class("DC:0000647") == "pigmented-lesion-malignant"
    assert new.nodes["DC:0000647"].malignancy == "malignant"
    change = compare(tree, new)
    assert any(
        s.startswith("DC:0000647 blue nevus: pigmented-lesion-benign -> pigmented-lesion-malignant") for s in change["reclassed"]
    )
    assert any("blue nevus" in s for s in change["moved"])


@pytest.mark.parametrize(
    ("table", "row", "message"),
    [
        ("reviewed", {"node_id": "DC:0000662", "decision": "merge", "target": "DC:9999999"}, "DC:9999999, which does not exist"),
        ("reviewed", {"node_id": "DC:0000662", "decision": "merge", "target": "DC:0000662"}, "its own successor"),
        ("reviewed", {"node_id": "DC:0000646", "decision": "move", "target": "DC:0000647"}, "circle"),
        ("new_nodes", {"node_id": "DC:0000647", "name": "x", "parent_id": "DC:0000017", "malignancy": "benign"}, "is taken"),
        ("synonyms_taken_away", {"synonym": "nothing like it", "from_node_id": "DC:0000647"}, "has no synonym"),
    ],
)
def test_a_decision_that_cannot_be_is_refused(draft, table, row, message):
    decide(draft, table, {"reason": "r", "version": "9", **row})
    with pytest.raises(InputError, match=message):
        rebuilt(draft)


def test_retired_nodes_are_checked_on_reading(tree):
    nodes = list(tree.nodes.values())
    with pytest.raises(InputError, match="has it still"):
        Tree("test", nodes, tree.three, tree.nine, [Retired("DC:0000647", "blue nevus", "DC:0000017", "1", "r")])
    with pytest.raises(InputError, match="does not exist"):
        Tree("test", nodes, tree.three, tree.nine, [Retired("DC:9999999", "x", "DC:9999998", "1", "r")])
    with pytest.raises(InputError, match="does not exist"):
        a, b = Retired("DC:9999999", "x", "DC:9999998", "1", "r"), Retired("DC:9999998", "x", "DC:9999999", "1", "r")
        Tree("test", nodes, tree.three, tree.nine, [a, b])


def test_a_folder_that_is_no_taxonomy_is_the_caller_s_fault(tmp_path):
    with pytest.raises(InputError, match="is no taxonomy"):
        Tree.read(tmp_path)
    for name in ("taxonomy.csv", "classes.csv", "version.txt"):
        (tmp_path / name).write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="is no taxonomy"):
        Tree.read(tmp_path)


def test_obo_says_every_term_once_and_its_parent(tree):
    terms = export_text(tree, "obo").split("\n\n[Term]\n")[1:]
    assert len(terms) == len(tree.nodes) + len(tree.retired)
    by_id = {t.split("\n", 1)[0].removeprefix("id: "): t for t in terms}
    assert by_id.keys() == tree.nodes.keys() | tree.retired.keys()
    for node in tree.nodes.values():
        parents = [line.split()[1] for line in by_id[node.node_id].split("\n") if line.startswith("is_a: ")]
        assert parents == ([node.parent_id] if node.parent_id else [])
    gone = next(iter(tree.retired))
    assert "is_obsolete: true" in by_id[gone]
    assert f"replaced_by: {tree.current(gone)}" in by_id[gone]


def test_skos_is_json_ld_with_one_broader_each(tree):
    graph = json.loads(export_text(tree, "skos"))["@graph"]
    concepts = [c for c in graph if c.get("@type") == "skos:Concept"]
    assert len(concepts) == len(tree.nodes)
    assert sum("skos:broader" not in c for c in concepts) == 3
    assert all(c["skos:prefLabel"]["@value"] == tree.nodes[c["@id"]].name for c in concepts)


def test_sssom_has_one_row_per_reference(tree):
    lines = [line for line in export_text(tree, "sssom").splitlines() if not line.startswith("#")]
    rows = list(csv.DictReader(lines, delimiter="\t"))
    assert len(rows) == sum(len(ids) for n in tree.nodes.values() for ids in n.xrefs.values())
    assert {r["predicate_id"] for r in rows} == {"skos:exactMatch", "skos:closeMatch"}
    prefixes = {r["object_id"].split(":")[0] for r in rows}
    assert prefixes == {"DOID", "MONDO", "NCIT", "ICD10CM", "MESH", "Orphanet", "SCTID"}


def test_an_export_overwrites_nothing(tree, tmp_path):
    path = write_export(tree, "obo", tmp_path / "t.obo")
    assert path.read_text(encoding="utf-8") == FORMATS["obo"](tree)
    with pytest.raises(InputError, match="there already"):
        write_export(tree, "obo", path)
    with pytest.raises(InputError, match="no format"):
        export_text(tree, "owl")
