"""A manifest frozen by schema 1.0 is read, verified and compared; columns that it lacks read as null."""

import json
import shutil
from datetime import datetime
from types import SimpleNamespace

import pyarrow.parquet as pq
import pytest

import curate
from curate.catalogue import Catalogue
from curate.catalogue.verdicts import Verdict, record
from curate.errors import BrokenInvariantError
from curate.manifest.diff import compare
from curate.manifest.extends import extension_differences
from curate.manifest.extension import read_frozen
from curate.manifest.freeze import freeze
from curate.manifest.proof import prove
from curate.manifest.read import load
from curate.manifest.schema import ABOUT_FILES, IMAGES, SINCE_1_1
from curate.manifest.text import text_lines
from curate.manifest.verify import verify
from curate.splits.extend import frozen_protocol
from curate.splits.protocol import Protocol
from curate.splits.quality_gate import QualityGate, Seen
from curate.splits.stage import split
from tests.manifest.tampering import change_json, change_rows, copy_of, repair_sums

LATER_THRESHOLDS = ("least_sharpness_of", "far_shots", "least_framing")
LATER_KEYS = ("publication", "rekeyed", "licence_expression", "version", "extends", "drawn_sets", "nearest_found", "pairs_compared")


def aged(frozen, out):
    """Copy a manifest as schema 1.0 had it: no later column, key, threshold or file."""
    folder = copy_of(frozen, out)
    table = pq.ParquetFile(folder / "images.parquet").read().drop_columns(list(SINCE_1_1))
    pq.write_table(table, folder / "images.parquet")
    (folder / "images.csv").write_text("".join(text_lines(table)), encoding="utf-8", newline="")
    for name in ABOUT_FILES:
        (folder / name).unlink()
    shutil.rmtree(folder / "licenses")
    info = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    kept = {k: v for k, v in info.items() if k not in LATER_KEYS}
    for name in LATER_THRESHOLDS:
        del kept["protocol"]["quality"][name]
    (folder / "manifest.json").write_text(json.dumps({**kept, "schema_version": "1.0"}), encoding="utf-8")
    repair_sums(folder)
    return folder


@pytest.fixture(scope="module")
def older(good, tmp_path_factory):
    return aged(good, tmp_path_factory.mktemp("older"))


def test_it_verifies_in_both_forms(older):
    assert verify(older).violations == []
    assert prove(older)["violations"] == []


def change_test_row(folder, **cells):
    """Change a dermoscopic image of the test, in both forms of the table."""
    row = next(r for r in load(folder).images.to_pylist() if r["split"] == "test" and r["modality"] == "dermoscopic")
    number = load(folder).images.column("image_id").to_pylist().index(row["image_id"])
    change_rows(folder, "images.parquet", lambda rows: rows[number].update(cells))
    table = pq.ParquetFile(folder / "images.parquet").read()
    (folder / "images.csv").write_text("".join(text_lines(table)), encoding="utf-8", newline="")
    repair_sums(folder)


def test_its_gate_is_held_to_the_thresholds_that_it_has(older, tmp_path):
    """A dermoscopic picture may be as blurred as any other; what is below its own threshold is found in both forms."""
    change_test_row(folder := copy_of(older, tmp_path / "between"), sharpness=5.0)
    assert verify(folder).violations == []
    assert prove(folder)["violations"] == []
    change_test_row(folder := copy_of(older, tmp_path / "below"), sharpness=3.9)
    assert {v.invariant for v in verify(folder).violations} == {3}
    assert {v["invariant"] for v in prove(folder)["violations"]} == {3}


@pytest.mark.parametrize("name", LATER_THRESHOLDS)
def test_a_later_threshold_that_it_states_counts(older, tmp_path, name):
    """Whoever writes one into an older manifest is taken at the word; it has no framing of its clinical pictures."""
    folder, stated = copy_of(older, tmp_path), {"least_sharpness_of": {"dermoscopic": 10**6}, "far_shots": [], "least_framing": 0.5}
    change_json(folder, "manifest.json", lambda c: c["protocol"]["quality"].update({name: stated[name]}))
    expected = set() if name == "far_shots" else {3}
    assert {v.invariant for v in verify(folder).violations} == expected
    assert {v["invariant"] for v in prove(folder)["violations"]} == expected


OLD_GATE = QualityGate(least_sharpness_of={}, far_shots=(), least_framing=0)


@pytest.fixture(scope="module")
def grows(project, frozen, tree, tmp_path_factory):
    """A catalogue, and a manifest of 1.0 of it in whose test stand a picture that is blurred and one that is far by later gates."""
    assert frozen
    place = tmp_path_factory.mktemp("grows")
    shutil.copytree(project.workspace, place / "workspace", ignore=shutil.ignore_patterns("writer.lock"))
    with Catalogue.write(place / "workspace", "a test") as catalogue:
        first = Protocol(test=0.4, validation=0.2, folds=2, quality=OLD_GATE)
        split(catalogue, first, tree)
        shown = {}
        for modality, what in (("dermoscopic", "sharpness = 5"), ("clinical", "framing = 0.01")):
            shown[modality] = catalogue.rows(
                """SELECT image_id FROM assignments JOIN records USING (image_id)
                   WHERE split = 'test' AND modality = ? ORDER BY image_id LIMIT 1""",
                [modality],
            )[0][0]
            catalogue.execute(
                f"UPDATE fingerprints SET {what} WHERE sha256 = (SELECT sha256 FROM image_contents WHERE image_id = ?)",
                [shown[modality]],
            )
        split(catalogue, first.model_copy(update={"seed": 1}), tree)  # it reads the measures anew
        split(catalogue, first, tree)
        freeze(catalogue, tree, "a", place, text=True)
        yield SimpleNamespace(catalogue=catalogue, place=place, old=aged(place / "a", place / "aged"), shown=shown)


def extended(grows, tree, name):
    """Extend the older manifest by what the catalogue holds, verify it every way, and return its rows and manifest.json."""
    was = read_frozen(grows.old)
    split(grows.catalogue, frozen_protocol(was, {}), tree, was)
    freeze(grows.catalogue, tree, name, grows.place, text=True)
    folder = grows.place / name
    assert list(extension_differences(folder, grows.old)) == []
    assert verify(folder).violations == []
    assert prove(folder)["violations"] == []
    return {r["image_id"]: r for r in load(folder).images.to_pylist()}, load(folder).info


def test_what_a_later_gate_would_not_let_through_stands_in_its_test(grows):
    seen = {r["image_id"]: r for r in load(grows.place / "a").images.to_pylist()}
    columns = ("width", "height", "sharpness", "contrast", "framing", "modality", "shot_type")
    for modality, code in (("dermoscopic", "blurred"), ("clinical", "far")):
        row = seen[grows.shown[modality]]
        assert row["split"] == "test"
        assert QualityGate().fails(Seen(*(row[column] for column in columns))) == code
    assert verify(grows.old).violations == []


def test_an_extension_keeps_the_older_gate(grows, tree):
    rows, info = extended(grows, tree, "b")
    assert info["schema_version"] != "1.0"
    assert info["protocol"]["quality"] == OLD_GATE.model_dump(mode="json")
    before = {r["image_id"]: r for r in load(grows.old).images.to_pylist()}
    assert {i: (r["split"], r["fold"]) for i, r in rows.items()} == {i: (r["split"], r["fold"]) for i, r in before.items()}
    assert [(rows[i]["split"], rows[i]["quality_fail"]) for i in grows.shown.values()] == [("test", None)] * 2
    assert (info["extends"]["dropped"], info["extends"]["added"]) == (0, 0)


def test_an_extension_with_a_later_gate_is_found(grows, tree):
    extended(grows, tree, "c")
    folder = grows.place / "c"
    for name, value in QualityGate().model_dump(mode="json").items():
        if name in LATER_THRESHOLDS:
            other = copy_of(folder, grows.place / name)
            change_json(other, "manifest.json", lambda c, n=name, v=value: c["protocol"]["quality"].update({n: v}))
            assert any(m.startswith("quality of the protocol is") for m in extension_differences(other, grows.old))


def test_a_reviewer_s_word_is_heard_in_an_extension_of_it(grows, tree):
    image = grows.shown["dermoscopic"]
    record(grows.catalogue, [Verdict(image, "", "unfit", "me", datetime(2026, 1, 31), "hair")])
    rows, info = extended(grows, tree, "d")
    row = rows[image]
    assert (row["excluded_reason"], row["quality_word"], row["quality_fail"]) == ("quality_lost", "unfit", "reviewer")
    assert any(f["id"] == "growth.dropped" and image in f["images"] for f in info["findings"])
    assert info["version"].startswith("2.")


def test_its_later_columns_are_null(older, good):
    manifest = load(older)
    assert set(IMAGES.names) <= set(manifest.images.column_names)
    assert not set(SINCE_1_1) & set(manifest.columns)
    for name in SINCE_1_1:
        blank = None if IMAGES.field(name).nullable else []
        assert manifest.images.column(name).to_pylist() == [blank] * 26
        assert manifest.images.schema.field(name).type == IMAGES.field(name).type
    assert curate.load_manifest(older).images.shot_type.isna().all()
    same = [name for name in load(good).images.column_names if name not in SINCE_1_1]
    assert manifest.images.select(same).equals(load(good).images.select(same))


def test_a_new_column_can_be_blank():
    assert all(IMAGES.field(name).nullable or str(IMAGES.field(name).type).startswith("list") for name in SINCE_1_1)


def test_only_an_older_manifest_may_lack_them(older, tmp_path):
    folder = copy_of(older, tmp_path)
    change_json(folder, "manifest.json", lambda c: c.update(schema_version="1.1"))
    first = next(name for name in IMAGES.names if name in SINCE_1_1)
    assert any(f"no column {first}" in v.message for v in verify(folder).violations)
    with pytest.raises(BrokenInvariantError, match=f"lacks the column {min(SINCE_1_1)}"):
        load(folder)


def test_an_older_one_that_has_later_files_is_held_to_them(older, tmp_path):
    folder = copy_of(older, tmp_path)
    (folder / "attribution.txt").write_text("nobody", encoding="utf-8")
    repair_sums(folder)
    assert any("attribution.txt names 'nobody'" in v.message for v in verify(folder).violations)


def test_compared_with_a_newer_one_its_columns_were_added_and_no_value_changed(older, good):
    found = compare(load(older), load(good))
    assert found.columns == [{"change": "added", "id": name} for name in sorted(SINCE_1_1)]
    assert (found.facts, found.step) == ([], "minor")


def test_the_example_that_is_shipped_verifies_whatever_schema_it_is_of():
    from tests.conftest import CHECKOUT

    (demo,) = (CHECKOUT / "data_manifests").iterdir()
    assert verify(demo).violations == []
    assert load(demo).images.num_rows == 540
