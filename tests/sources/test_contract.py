"""The same tests for every source, over a fake of its native layout (`tests/data/<source_id>/make.py`)."""

import importlib
import re
from collections import defaultdict
from pathlib import Path

import pytest

from curate.sources.ingest import ingest
from curate.sources.registry import HERE, SOURCES, source
from curate.sources.tables import folded
from tests.sources.contract import read


@pytest.fixture(params=SOURCES)
def made(request, tmp_path):
    """A source's fake: its id, its folder, what it says of itself, and the maker's module."""
    maker = importlib.import_module(f"tests.data.{request.param}.make")
    folder = tmp_path / "native"
    folder.mkdir()
    return request.param, folder, maker.make(folder), maker


def keys_of(catalogue, native_id, source_id):
    rows = catalogue.rows(
        "SELECT image_keys, lesion_keys, patient_keys FROM records WHERE record_id = ?", [f"{source_id}:{native_id}"]
    )
    assert rows, native_id
    return {key for keys in rows[0] for key in keys}


def test_every_file_and_row_is_accounted_for(made, catalogue, tree):
    source_id, folder, expected, _ = made
    summary = read(catalogue, source_id, folder, tree)
    roles = {role: summary[role] for role in ("images", "tables", "side_cars", "rejected", "ignored")}
    assert roles == {role: getattr(expected, role) for role in roles}
    found = {
        "rows": summary["rows"],
        "without_picture": summary["rows_without_picture"],
        "rows_rejected": summary["rows_rejected"],
        "relations": summary["relations"],
        "lesions": catalogue.value("SELECT count(DISTINCT key) FROM (SELECT unnest(lesion_keys) AS key FROM records)"),
        "patients": catalogue.value("SELECT count(DISTINCT key) FROM (SELECT unnest(patient_keys) AS key FROM records)"),
    }
    assert found == {name: getattr(expected, name) for name in found}


def test_keys_labels_and_facts_are_the_publisher_s(made, catalogue, tree):
    source_id, folder, expected, _ = made
    ingest(catalogue, source(source_id, tree), folder, tree)
    for a, b in expected.together:
        assert keys_of(catalogue, a, source_id) & keys_of(catalogue, b, source_id), (a, b)
    for a, b in expected.apart:
        assert not keys_of(catalogue, a, source_id) & keys_of(catalogue, b, source_id), (a, b)
    nodes = dict(catalogue.rows("SELECT image_id, name FROM image_nodes JOIN taxonomy_nodes USING (node_id)"))
    for native_id, name in expected.nodes.items():
        assert nodes.get(f"{source_id}:{native_id}") == name, native_id
    for native_id, facts in expected.facts.items():
        columns = ", ".join(facts)
        row = catalogue.rows(f"SELECT {columns} FROM records WHERE record_id = ?", [f"{source_id}:{native_id}"])[0]
        assert dict(zip(facts, row, strict=True)) == facts, native_id


def test_metadata_alone_gives_the_same_records(made, catalogue, tree):
    source_id, folder, expected, _ = made
    if not (expected.tables or expected.side_cars) or not expected.images:
        pytest.skip(f"{source_id} has no tables")
    summary = read(catalogue, source_id, folder, tree, metadata_only=True)
    rows = expected.rows if expected.rows_alone is None else expected.rows_alone
    assert (summary["images"], summary["rows"], summary["rows_without_picture"]) == (0, rows, rows)


def test_a_source_says_what_it_is_and_where_each_fact_was_seen(made, tree):
    source_id, _, _, _ = made
    declaration = source(source_id, tree).declaration
    assert declaration.citation
    assert declaration.download
    readme = (HERE / source_id / "README.md").read_text(encoding="utf-8")
    assert len(readme) > 400
    assert re.search(r"counted|verified|recalled|seen", readme), "the README says which facts were verified and which recalled"
    keys = {"lesion": declaration.record.lesion_keys, "patient": declaration.record.patient_keys}
    for level, templates in keys.items():
        assert bool(getattr(declaration.trust, level)) >= bool(templates), f"how far is its {level} key to be trusted?"
    if declaration.level != "image":
        assert keys[declaration.level], "the level is one that the source has keys for"


@pytest.mark.real
def test_header_lines_are_those_that_were_seen(made, shared):
    _, _, _, maker = made
    text = (shared / "reference" / "metadata_headers.md").read_text(encoding="utf-8")
    lines = {",".join(folded(c) for c in line.split(",")) for line in text.splitlines()}
    lines |= {", ".join(folded(c) for c in line.split("|")).replace(", ", ",") for line in text.splitlines() if " | " in line}
    for name, header in maker.HEADERS.items():
        assert ",".join(folded(c) for c in header.split(",")) in lines, name


def test_no_two_sources_share_a_namespace_by_accident(tree):
    """A namespace that two sources use is one that is meant to be shared."""
    used = defaultdict(set)
    for source_id in SOURCES:
        spec = source(source_id, tree).declaration.record
        for template in (*spec.image_keys, *spec.lesion_keys, *spec.patient_keys):
            used[template.split(":", 1)[0].strip("{}")].add(source_id)
    meant = {"isic", "lesion_key", "patient_key", "fitzpatrick17k", "ddi", "ham10000", "bcn20000", "dermquest"}
    for namespace, sources in used.items():
        assert len(sources) == 1 or namespace in meant, (namespace, sources)


def test_every_source_has_a_fake_of_its_layout():
    missing = [s for s in SOURCES if not (Path(__file__).parents[1] / "data" / s / "make.py").is_file()]
    assert missing == []
