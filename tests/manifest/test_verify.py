"""The proof finds what was broken on purpose, and names it."""

import random
import subprocess
from pathlib import Path

import pytest

from curate.errors import InputError
from curate.manifest.pictures import Pictures
from curate.manifest.read import load, sources_of
from curate.manifest.verify import verify
from tests.manifest.tampering import change_json, change_rows, copy_of


def numbers(proof) -> set[int]:
    return {v.invariant for v in proof.violations}


def messages(proof) -> str:
    return "\n".join(v.message for v in proof.violations)


def in_split(rows, split):
    return next(r for r in rows if r["split"] == split)


def pictures_of(frozen: Path, repositories: Path) -> Pictures:
    return Pictures.find(sources_of(frozen), [str(repositories)], None)


def test_an_untouched_manifest_is_proven_pictures_included(frozen, repositories):
    proof = verify(frozen, pictures_of(frozen, repositories))
    assert proof.ok, messages(proof)
    assert proof.pictures_checked == proof.images == 26
    assert {n for n, _, _ in proof.checks} == {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}


def test_sha256sum_agrees(frozen):
    subprocess.run(["sha256sum", "--strict", "--quiet", "-c", "SHA256SUMS"], cwd=frozen, check=True)


@pytest.mark.parametrize("name", ["images.parquet", "edges.parquet", "classes.json", "manifest.json", "SHA256SUMS"])
def test_any_flipped_byte_is_caught_and_its_file_named(frozen, tmp_path, name):
    folder = copy_of(frozen, tmp_path)
    path = folder / name
    whole = path.read_bytes()
    draw = random.Random(name)
    places = {0, len(whole) - 1, *(draw.randrange(len(whole)) for _ in range(12))}
    for place in sorted(places):
        for mask in (0x01, 0x20, 0x80):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ mask]) + whole[place + 1 :])
            proof = verify(folder)
            named = [v.message for v in proof.violations if v.invariant == 9]
            assert named, f"byte {place} of {name}, mask {mask:#x}"
            assert any(name in message for message in named), named


def test_missing_extra_and_twice_named_files(frozen, tmp_path):
    folder = copy_of(frozen, tmp_path)
    (folder / "extra.txt").write_text("x")
    assert "extra.txt: not named" in messages(verify(folder))
    (folder / "extra.txt").unlink()
    (folder / "edges.parquet").unlink()
    proof = verify(folder)
    assert "edges.parquet: named in SHA256SUMS and missing" in messages(proof)
    assert not proof.ok
    assert proof.not_checked


def test_another_manifest_than_the_published_one_is_refused(frozen):
    assert verify(frozen, expected_digest=load(frozen).digest).ok
    assert numbers(verify(frozen, expected_digest="0" * 64)) == {9}


def test_a_folder_without_a_manifest_is_the_callers_fault(tmp_path):
    with pytest.raises(InputError, match="holds no manifest"):
        verify(tmp_path)
    with pytest.raises(InputError, match="no folder"):
        verify(tmp_path / "absent")


def move_one_of_a_component(rows):
    components = [r["component"] for r in rows]
    row = next(r for r in rows if components.count(r["component"]) > 1 and r["split"] == "train" and r["pinned"] is None)
    row["split"], row["fold"] = "test", None


def put_in_two_folds(rows):
    components = [r["component"] for r in rows if r["fold"] is not None]
    row = next(r for r in rows if r["fold"] is not None and components.count(r["component"]) > 1)
    row["fold"] = (row["fold"] + 1) % 3


def rename_component(rows):
    in_split(rows, "train")["component"] = in_split(rows, "test")["component"]


def share_a_lesion_key(rows):
    for split in ("train", "test"):
        in_split(rows, split)["lesion_keys"] = ["ham10000:HAM_9999999"]


def share_a_patient_key(rows):
    for split in ("train", "test"):
        in_split(rows, split)["patient_keys"] = ["p:1"]


def share_bytes(rows):
    in_split(rows, "test")["sha256"] = in_split(rows, "train")["sha256"]


def share_pixels(rows):
    in_split(rows, "test")["pixel_sha256"] = in_split(rows, "train")["pixel_sha256"]


def blur_a_test_image(rows):
    in_split(rows, "test")["sharpness"] = 0.5


def blur_and_say_so(rows):
    row = in_split(rows, "test")
    row["sharpness"], row["quality_fail"] = 0.5, "blurred"


def pin_a_test_image(rows):
    in_split(rows, "test")["pinned"] = "label_conflict"


def exclude_without_reason(rows):
    row = in_split(rows, "train")
    row["split"], row["fold"] = "excluded", None


def lose_an_image(rows):
    components = [r["component"] for r in rows]
    rows.remove(next(r for r in rows if components.count(r["component"]) == 1))


def invent_a_split(rows):
    in_split(rows, "train")["split"] = "training"


def relabel(rows):
    row = next(r for r in rows if r["three_class"] == "benign" and r["split"] != "excluded")
    row["three_class"] = "malignant"


def change_training_class(rows):
    classes = sorted({r["training_class"] for r in rows if r["training_class"]})
    row = in_split(rows, "train")
    row["training_class"] = next(c for c in classes if c != row["training_class"])


def forget_the_node(rows):
    in_split(rows, "train")["node_id"] = None


def conflict_in_test(rows):
    test = [r for r in rows if r["split"] == "test" and r["node_id"] == "DC:0000017"]
    components = [r["component"] for r in test]
    row = next(r for r in test if components.count(r["component"]) > 1)
    row.update(
        node_id="DC:0000018",
        three_class="malignant",
        nine_class="pigmented-lesion-malignant",
        labels=[{"field": "dx", "label": "mel", "node_id": "DC:0000018"}],
    )


def leave_the_folder(rows):
    rows[0]["path"] = "../" + rows[0]["path"]


def twice_by_letter_case(rows):
    copy = dict(rows[0], image_id=rows[0]["image_id"].replace("ISIC", "isic"))
    rows.append(copy)
    rows.sort(key=lambda r: r["image_id"])


def unsort(rows):
    rows.reverse()


@pytest.mark.parametrize(
    ("change", "invariant"),
    [
        (move_one_of_a_component, 1),
        (put_in_two_folds, 1),
        (rename_component, 1),
        (share_a_lesion_key, 2),
        (share_a_patient_key, 2),
        (share_bytes, 2),
        (share_pixels, 2),
        (blur_a_test_image, 3),
        (blur_and_say_so, 3),
        (pin_a_test_image, 4),
        (exclude_without_reason, 5),
        (lose_an_image, 5),
        (invent_a_split, 5),
        (relabel, 6),
        (change_training_class, 6),
        (forget_the_node, 6),
        (leave_the_folder, 0),
        (twice_by_letter_case, 0),
        (unsort, 0),
    ],
)
def test_a_changed_image_row_breaks_its_invariant_even_with_repaired_sums(frozen, tmp_path, change, invariant):
    folder = copy_of(frozen, tmp_path)
    change_rows(folder, "images.parquet", change)
    assert invariant in numbers(verify(folder)), messages(verify(folder))


def test_a_label_conflict_in_a_test_component_is_found(frozen, tmp_path):
    folder = copy_of(frozen, tmp_path)

    def move(rows):
        components = [r["component"] for r in rows]
        pair = next(
            r["component"]
            for r in rows
            if components.count(r["component"]) > 1 and r["node_id"] == "DC:0000017" and not r["pinned"]
        )
        for r in rows:
            if r["component"] == pair:
                r["split"], r["fold"] = "test", None
        conflict_in_test(rows)

    change_rows(folder, "images.parquet", move)
    assert 8 in numbers(verify(folder)), messages(verify(folder))


def drop_an_edge(rows):
    both = {(r["image_a"], r["image_b"]) for r in rows}
    pair = sorted(both)[0]
    rows[:] = [r for r in rows if (r["image_a"], r["image_b"]) != pair]


def cross_edge(frozen):
    images = load(frozen).images.to_pylist()
    a, b = sorted((in_split(images, "train")["image_id"], in_split(images, "test")["image_id"]))

    def change(rows):
        rows.append(
            {"image_a": a, "image_b": b, "evidence": "hash", "score": 0.9, "probability": None, "must_link": False, "basis": "x"}
        )
        rows.sort(key=lambda r: (r["image_a"], r["image_b"], r["evidence"]))

    return change


def test_edges_that_are_missing_or_cross(frozen, tmp_path):
    folder = copy_of(frozen, tmp_path / "a")
    change_rows(folder, "edges.parquet", drop_an_edge)
    assert {1, 5} <= numbers(verify(folder))
    folder = copy_of(frozen, tmp_path / "b")
    change_rows(folder, "edges.parquet", cross_edge(frozen))
    assert {1, 2} <= numbers(verify(folder))


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda rows: rows[0].update(image_a=rows[0]["image_b"], image_b=rows[0]["image_a"]), "image_a is not before image_b"),
        (lambda rows: rows[0].update(image_b="ham10000:nobody"), "is no image of this manifest"),
        (lambda rows: rows[0].update(evidence="rumour"), "unknown evidence"),
        (lambda rows: rows[0].update(score=1.5), "not in [0, 1]"),
        (lambda rows: rows[0].update(must_link=not rows[0]["must_link"]), "must_link does not fit"),
        (lambda rows: rows.append(dict(rows[0])), "not sorted, or has a pair and evidence twice"),
    ],
)
def test_malformed_edges(frozen, tmp_path, change, text):
    folder = copy_of(frozen, tmp_path)
    change_rows(folder, "edges.parquet", change)
    assert text in messages(verify(folder))


@pytest.mark.parametrize(
    ("name", "change", "invariant"),
    [
        ("manifest.json", lambda c: c["counts"].update(images=27), 5),
        ("manifest.json", lambda c: c["counts"]["splits"].update(train=1), 5),
        ("manifest.json", lambda c: c["sources"][0]["folders"][0].update(files=99), 5),
        ("manifest.json", lambda c: c["rejected"].clear(), 5),
        ("manifest.json", lambda c: c.update(allowed_licences=["CC0-1.0"]), 10),
        ("manifest.json", lambda c: c["protocol"]["test_requires"].update(independent=True), 3),
        ("manifest.json", lambda c: c["protocol"]["quality"].update(least_side=1000), 3),
        ("manifest.json", lambda c: c.pop("counts"), 5),
        ("classes.json", lambda c: c["training_classes"][0].update(nine="inflammatory"), 7),
        ("classes.json", lambda c: c["training_classes"][0].update(images=9999), 7),
        ("classes.json", lambda c: c["partition"].update(max_class_size=1), 7),
        ("classes.json", lambda c: c["training_classes"][1]["nodes"].extend(c["training_classes"][0]["nodes"]), 7),
        ("classes.json", lambda c: [n.update(parent_id=n["node_id"]) for n in c["nodes"] if n["node_id"] == "DC:0000018"], 7),
        ("classes.json", lambda c: c.update(nodes=5), 0),
    ],
)
def test_changed_json_breaks_its_invariant(frozen, tmp_path, name, change, invariant):
    folder = copy_of(frozen, tmp_path)
    change_json(folder, name, change)
    assert invariant in numbers(verify(folder)), messages(verify(folder))


def test_garbage_is_a_violation_and_never_a_traceback(frozen, tmp_path):
    for n, content in enumerate((b"", b"PAR1", b"[1, 2", b"\x00" * 1000, b"null", b'{"nodes": []}')):
        for name in ("images.parquet", "edges.parquet", "classes.json", "manifest.json", "SHA256SUMS"):
            folder = copy_of(frozen, tmp_path / f"{n}-{name}")
            (folder / name).write_bytes(content)
            assert not verify(folder).ok


def test_a_swapped_or_missing_picture_is_named(frozen, repositories, tmp_path):
    import shutil

    copies = tmp_path / "pictures"
    shutil.copytree(repositories, copies)
    part = copies / "ham10000" / "HAM10000_images_part_1"
    one, other = part / "ISIC_0000001.jpg", part / "ISIC_0000009.jpg"
    one.write_bytes(other.read_bytes())
    (part / "ISIC_0000007.jpg").unlink()
    proof = verify(frozen, pictures_of(frozen, copies))
    assert [v.message.split(":")[0:2] for v in proof.violations] == [["ham10000", "ISIC_0000001"], ["ham10000", "ISIC_0000007"]]
    assert numbers(proof) == {9}


def test_sources_whose_pictures_are_not_known_are_named_as_unchecked(frozen, repositories):
    pictures = Pictures.find(sources_of(frozen), [f"ham10000={repositories / 'ham10000'}"], None)
    proof = verify(frozen, pictures)
    assert proof.ok
    assert proof.pictures_checked == 11
    assert any("isic_challenge_2017, pad_ufes_20" in reason for reason in proof.not_checked)


def test_images_options_are_checked(frozen, tmp_path):
    with pytest.raises(InputError, match="no source 'nobody'"):
        Pictures.find(sources_of(frozen), ["nobody=/tmp"], None)
    with pytest.raises(InputError, match="no folder"):
        Pictures.find(sources_of(frozen), [f"ham10000={tmp_path / 'absent'}"], None)
    with pytest.raises(InputError, match="no folder of a source"):
        Pictures.find(sources_of(frozen), [str(tmp_path)], None)
