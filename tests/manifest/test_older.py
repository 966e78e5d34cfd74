"""A manifest frozen by schema 1.0 is read, verified and compared; columns that it lacks read as null."""

import json
import shutil

import pyarrow.parquet as pq
import pytest

import curate
from curate.errors import BrokenInvariantError
from curate.manifest.diff import compare
from curate.manifest.proof import prove
from curate.manifest.read import load
from curate.manifest.schema import ABOUT_FILES, IMAGES, SINCE_1_1
from curate.manifest.text import text_lines
from curate.manifest.verify import verify
from tests.manifest.tampering import change_json, copy_of, repair_sums

LATER_KEYS = ("publication", "rekeyed", "licence_expression", "version", "extends", "drawn_sets", "nearest_found", "pairs_compared")


@pytest.fixture(scope="module")
def older(good, tmp_path_factory):
    """The good manifest as schema 1.0 had it: no later column, key or file."""
    folder = copy_of(good, tmp_path_factory.mktemp("older"))
    table = pq.ParquetFile(folder / "images.parquet").read().drop_columns(list(SINCE_1_1))
    pq.write_table(table, folder / "images.parquet")
    (folder / "images.csv").write_text("".join(text_lines(table)), encoding="utf-8", newline="")
    for name in ABOUT_FILES:
        (folder / name).unlink()
    shutil.rmtree(folder / "licenses")
    info = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    kept = {k: v for k, v in info.items() if k not in LATER_KEYS}
    (folder / "manifest.json").write_text(json.dumps({**kept, "schema_version": "1.0"}), encoding="utf-8")
    repair_sums(folder)
    return folder


def test_it_verifies_in_both_forms(older):
    assert verify(older).violations == []
    assert prove(older)["violations"] == []


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
