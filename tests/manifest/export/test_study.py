"""A reader study: blinded, complete, the same for one seed, and with the key outside."""

import io
import json
import re

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from curate.errors import BrokenInvariantError, InputError
from curate.manifest.export.bare import bare
from curate.manifest.export.study import export_study
from curate.manifest.pictures import Pictures
from curate.manifest.read import load
from tests.contract.test_commands import call
from tests.manifest.studied import with_sets
from tests.manifest.tampering import change_json


@pytest.fixture(scope="module")
def manifest(frozen, tmp_path_factory):
    return with_sets(frozen, tmp_path_factory.mktemp("studied"))


@pytest.fixture(scope="module")
def pictures(repositories):
    return Pictures({s: repositories / s for s in ("ham10000", "isic_challenge_2017", "pad_ufes_20")})


@pytest.fixture(scope="module")
def study(manifest, pictures, tmp_path_factory):
    out = tmp_path_factory.mktemp("study") / "study"
    export_study(manifest, "mixed-readers", out, pictures)
    return out


def members(manifest, name="mixed-readers"):
    rows = pq.read_table(manifest / "images.parquet").to_pylist()
    return {r["image_id"]: r for r in rows if name in (*r["reader_sets"], *r["tests"])}


def test_the_folder_to_hand_over_holds_pictures_and_a_page_and_the_key_lies_outside(manifest, study):
    expected = members(manifest)
    names = [f"{n:03d}.jpg" for n in range(1, len(expected) + 1)]
    assert sorted(p.name for p in (study / "for_readers").iterdir()) == [*names, "index.html"]
    assert sorted(p.name for p in study.iterdir()) == ["for_readers", "key.json"]
    key = json.loads((study / "key.json").read_text())
    assert list(key["cases"]) == [str(n) for n in range(1, len(expected) + 1)]
    assert set(key["cases"].values()) == expected.keys()
    assert (key["set"], key["question"], key["manifest_digest"]) == ("mixed-readers", "A", load(manifest).digest)


def test_nothing_in_it_tells_which_picture_it_is(manifest, study, repositories):
    key = json.loads((study / "key.json").read_text())
    rows = members(manifest)
    for file in (study / "for_readers").iterdir():
        content = file.read_bytes()
        for image, row in rows.items():
            words = (image, row["source"], row["component"], row["sha256"], row["node_id"], row["path"].rpartition("/")[2])
            assert not any(word.encode() in content for word in words)
        assert b"mixed-readers" not in content
        if file.suffix == ".jpg":
            assert bare(content).how == "as_is"
            with Image.open(io.BytesIO(content)) as opened:
                assert (opened.format, opened.mode, dict(opened.getexif())) == ("JPEG", "RGB", {})
                assert opened.info.keys() <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
                row = rows[key["cases"][str(int(file.stem))]]
                with Image.open(repositories / row["source"] / row["path"]) as original:
                    difference = np.abs(np.asarray(opened, float) - np.asarray(original.convert("RGB"), float))
            assert difference.shape == (row["height"], row["width"], 3)
            assert difference.mean() < 2  # of 255: the same picture, and no other
    page = (study / "for_readers" / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"https?://", page)


def test_one_seed_is_one_order_and_the_order_is_not_that_of_ids(manifest, pictures, study, tmp_path):
    for name, seed in (("same", 2017), ("other", 3)):
        export_study(manifest, "mixed-readers", tmp_path / name, pictures, seed=seed)
    files = [sorted(p for p in (f / "for_readers").iterdir()) for f in (study, tmp_path / "same")]
    assert [p.read_bytes() for p in files[0]] == [p.read_bytes() for p in files[1]]
    keys = [json.loads((f / "key.json").read_text()) for f in (study, tmp_path / "same", tmp_path / "other")]
    assert keys[0] == keys[1]
    assert keys[2]["study"] != keys[0]["study"]
    orders = {tuple(k["cases"].values()) for k in keys}
    assert len(orders) == 2
    assert list(keys[0]["cases"].values()) != sorted(keys[0]["cases"].values())


def test_a_study_is_made_of_any_set_under_either_question(manifest, pictures, tmp_path):
    for name, question in (("mixed", "B"), ("three", "A")):
        told = export_study(manifest, name, tmp_path / name, pictures, question=question)
        assert told["cases"] == len(members(manifest, name)) > 0
        page = (tmp_path / name / "for_readers" / "index.html").read_text(encoding="utf-8")
        assert ("malignant or benign" in page) == (question == "B")


@pytest.mark.parametrize(
    ("name", "change", "error", "message"),
    [
        ("none", {}, InputError, "has no set 'none'.\nSets with images: mixed, mixed-readers, three"),
        ("mixed", {"question": "C"}, InputError, "no question 'C'"),
        ("mixed", {"pictures": Pictures({})}, InputError, "is not known"),
    ],
)
def test_what_cannot_be_made_is_refused_and_nothing_is_left(manifest, pictures, tmp_path, name, change, error, message):
    with pytest.raises(error, match=re.escape(message)):
        export_study(manifest, name, tmp_path / "out", **{"pictures": pictures, **change})
    assert list(tmp_path.iterdir()) == []


def test_a_set_without_images_and_a_manifest_that_does_not_verify_are_refused(frozen, pictures, tmp_path):
    with pytest.raises(InputError, match=r"The set epidermal-readers of .* holds no image"):
        export_study(frozen, "epidermal-readers", tmp_path / "out", pictures)
    folder = with_sets(frozen, tmp_path)
    change_json(folder, "manifest.json", lambda info: info["drawn_sets"]["tests"].clear())
    with pytest.raises(BrokenInvariantError, match="is not exported"):
        export_study(folder, "mixed", tmp_path / "out", pictures)


def test_the_command_says_what_to_hand_over(manifest, repositories, tmp_path):
    done = call("reader-study", manifest, "--set", "mixed-readers", "--out", "s", "--images", repositories, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["cases"], told["question"], told["page"]) == (5, "A", "s/for_readers/index.html")
    again = call("reader-study", manifest, "--set", "mixed-readers", "--out", "s", "--images", repositories, cwd=tmp_path)
    assert again.returncode == 2
    assert "not empty" in again.stderr
