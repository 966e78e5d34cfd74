"""Keys made anew: the same partition of the images, nothing of the old words anywhere, the same for the same images."""

import re
import shutil

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.catalogue import Catalogue
from curate.errors import InputError
from curate.manifest.freeze import freeze
from curate.manifest.keys import new_keys, put_in_place, with_new_keys, words_with
from curate.manifest.read import load
from curate.manifest.verify import verify

KEYS = st.lists(st.sampled_from(["clinic:1", "clinic:12", "clinic:1/a", "isic:1", "isic:2"]), max_size=3, unique=True)


def rows_of(drawn):
    return [
        {"image_id": f"{source}:{n:02}", "source": source, "lesion_keys": sorted(lesions), "patient_keys": sorted(patients)}
        for n, (source, lesions, patients) in enumerate(drawn)
    ]


ROWS = st.lists(st.tuples(st.sampled_from(["clinic", "public"]), KEYS, KEYS), max_size=8).map(rows_of)


@given(ROWS, st.randoms(use_true_random=False))
def test_images_share_a_new_key_where_they_shared_an_old_one_and_no_old_one_is_left(rows, order):
    new = new_keys(rows, ["clinic"])
    shuffled = order.sample(rows, len(rows))
    assert new_keys(shuffled, ["clinic"]) == new
    for role in ("lesion_keys", "patient_keys"):
        borne = {key for row in rows for key in row[role]}
        public = {key for row in rows if row["source"] == "public" for key in row[role] if not key.startswith("clinic:")}
        assert set(new[role]) == borne - public
        assert len(set(new[role].values())) == len(new[role])
        assert all(re.fullmatch(r"(clinic|isic):k-[0-9a-f]{16}", key) for key in new[role].values())
    before = [{role: list(row[role]) for role in ("lesion_keys", "patient_keys")} for row in rows]
    edges = [{"evidence": "patient", "basis": ", ".join(row["patient_keys"])} for row in rows if row["patient_keys"]]
    old = [edge["basis"].split(", ") for edge in edges]
    put_in_place(rows, new)
    columns = {name: pa.array([edge[name] for edge in edges], pa.string()) for name in ("evidence", "basis")}
    edges = with_new_keys(pa.table(columns), new).to_pylist()
    for was, row in zip(before, rows, strict=True):
        for role, keys in was.items():
            assert row[role] == sorted(new[role].get(key, key) for key in keys)
    assert [edge["basis"].split(", ") for edge in edges] == [[new["patient_keys"].get(k, k) for k in keys] for keys in old]


def test_nothing_is_made_anew_where_nothing_is_private():
    rows = rows_of([("clinic", ["clinic:1"], [])])
    assert not any(new_keys(rows, []).values())


def test_a_key_is_made_of_the_images_that_bear_it_and_not_of_its_words():
    one = new_keys(rows_of([("clinic", [], ["clinic:1234567"])]), ["clinic"])["patient_keys"]
    two = new_keys(rows_of([("clinic", [], ["clinic:7654321"])]), ["clinic"])["patient_keys"]
    assert list(one.values()) == list(two.values())


def test_sentences_lose_the_old_keys_too_the_longest_first():
    new = {"lesion_keys": {"clinic:1/a": "clinic:k-2"}, "patient_keys": {"clinic:1": "clinic:k-1"}}
    said = words_with(new, ["clinic:1", "clinic:9"])
    assert said("lesion clinic:1/a is given to clinic:1, clinic:9.") == "lesion clinic:k-2 is given to clinic:k-1, clinic:k-…."
    assert words_with({"lesion_keys": {}, "patient_keys": {}}, [])("clinic:1") == "clinic:1"


@pytest.fixture(scope="module")
def rekeyed(project, frozen, tree, tmp_path_factory):
    place = tmp_path_factory.mktemp("rekeyed")
    shutil.copytree(project.workspace, place / "ws")
    with Catalogue.write(place / "ws", "a test") as catalogue:
        freeze(catalogue, tree, "small", place, max_class_size=12, private=["pad_ufes_20"], text=True)
    return place / "small"


def test_a_private_source_is_frozen_with_new_keys_and_verifies(frozen, rekeyed):
    assert verify(rekeyed).ok
    info, before = load(rekeyed).info, load(frozen)
    assert (info["rekeyed"], before.info["rekeyed"]) == (["pad_ufes_20"], [])
    images = {row["image_id"]: row for row in load(rekeyed).images.to_pylist()}
    for row in before.images.to_pylist():
        now = images[row["image_id"]]
        for role in ("lesion_keys", "patient_keys"):
            assert len(now[role]) == len(row[role])
            assert (now[role] == row[role]) == (row["source"] != "pad_ufes_20" or not row[role])
    old = {
        key
        for row in before.images.to_pylist()
        if row["source"] == "pad_ufes_20"
        for key in (*row["lesion_keys"], *row["patient_keys"])
    }
    assert old
    words = [(rekeyed / name).read_text(encoding="utf-8") for name in ("images.csv", "edges.csv", "manifest.json")]
    assert not [key for key in old if any(re.search(re.escape(key) + r"(?![\w])", text) for text in words)]
    tied = [row for row in load(rekeyed).edges.to_pylist() if row["evidence"] == "patient"]
    assert tied
    assert all(row["basis"] in images[row["image_a"]]["patient_keys"] for row in tied)
    assert "keys of pad_ufes_20 are not the publisher's own" in (rekeyed / "README.md").read_text(encoding="utf-8")


def test_a_source_that_is_not_there_cannot_be_private(project, frozen, tree, tmp_path):
    shutil.copytree(project.workspace, tmp_path / "ws")
    with Catalogue.write(tmp_path / "ws", "a test") as catalogue, pytest.raises(InputError, match="no source 'nobody'"):
        freeze(catalogue, tree, "small", tmp_path, private=["nobody"])


def test_a_hospitals_export_is_private_without_being_named(project, frozen, tree, tmp_path):
    shutil.copytree(project.workspace, tmp_path / "ws")
    with Catalogue.write(tmp_path / "ws", "a test") as catalogue:
        catalogue.connection.execute("UPDATE sources SET licence = 'LicenseRef-hospital-agreement' WHERE source_id = 'ham10000'")
        freeze(catalogue, tree, "hospital", tmp_path)
    assert load(tmp_path / "hospital").info["rekeyed"] == ["ham10000"]
