"""The real lists of duplicates against counts made here by plain csv, and what is known of the pictures that they name."""

import csv
import gzip
import io
import shutil
from collections import Counter, defaultdict

import pytest

from curate.sources.ingest import ingest
from curate.sources.registry import source

pytestmark = pytest.mark.real
SPLITS = ("train", "validation", "test")


def rows(path):
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture
def lists(shared, tmp_path):
    """All lists that lie beside the checkout, under the names they have there, and the groups of 2017."""
    folder = tmp_path / "lists"
    shutil.copytree(shared / "data" / "tables" / "duplicates", folder)
    shutil.copy(shared / "reference" / "duplicates_isic_archive_2017.csv", folder)
    return folder


@pytest.fixture
def read(catalogue, tree, lists):
    summary = ingest(catalogue, source("published_duplicates", tree), lists, tree)
    pairs = defaultdict(set)
    for a, b, basis in catalogue.rows("SELECT key_a, key_b, basis FROM relations"):
        pairs[basis].add((a, b))
    return summary, pairs


def pairs_of(namespace, listed):
    return {tuple(sorted(f"{namespace}:{name.rsplit('.', 1)[0]}" for name in pair)) for pair in listed}


def of(pairs, start):
    return set().union(*(found for basis, found in pairs.items() if basis.startswith(start)))


def test_each_list_gives_its_pairs_and_no_other(read, lists):
    summary, pairs = read
    issues = lists / "selfclean"
    near = {
        name: [(r["name_a"], r["name_b"]) for r in rows(issues / f"{name}_issues.csv") if r["issue"] == "near_duplicate"]
        for name in ("PAD-UFES-20", "DDI")
    }
    fitzpatrick = [
        (r["md5hash_a"], r["md5hash_b"])
        for name in ("cleanlab_only_duplicates_resolved", "inception_nearest_pairs")
        for r in rows(lists / f"fitzpatrick17k_{name}.csv")
    ]
    listed = {
        "HAM10000 pairs": pairs_of(
            "isic", [(r["from_img"], r["to_img"]) for r in rows(lists / "HAM10000_newly_discovered_duplicates.csv")]
        ),
        "ISIC 2020": pairs_of(
            "isic", [(r["image_name_1"], r["image_name_2"]) for r in rows(lists / "ISIC_2020_Training_Duplicates.csv")]
        ),
        "PAD-UFES-20": pairs_of("pad_ufes_20", near["PAD-UFES-20"]),
        "DDI": pairs_of("ddi", near["DDI"]),
        "Fitzpatrick 17k": {tuple(sorted(f"fitzpatrick17k:{name}" for name in pair)) for pair in fitzpatrick},
    }
    assert {name: len(found) for name, found in listed.items()} == {
        "HAM10000 pairs": 18,
        "ISIC 2020": 425,
        "PAD-UFES-20": 56,
        "DDI": 6,
        "Fitzpatrick 17k": 42,
    }
    for name, found in listed.items():
        assert of(pairs, name) == found, name
    groups = Counter(r["group"] for r in rows(lists / "duplicates_isic_archive_2017.csv"))
    assert (len(groups), sum(groups.values())) == (422, 859)
    assert len(of(pairs, "ISIC archive of 2017")) == 859 - 422
    assert summary["relations"] == 18 + 425 + 56 + 6 + 42 + 437
    assert (summary["images"], summary["rows"], summary["rows_rejected"]) == (0, 0, 0)


def test_files_without_pairs_are_ignored_with_a_reason(read, catalogue, lists):
    reasons = dict(catalogue.rows("SELECT path, reason FROM rejections WHERE role = 'ignored'"))
    assert "different pictures" in reasons["HAM10000_near_duplicates_different_times.csv"]
    assert "which file each of them repeats" in reasons["isic_challenges_2016_2020_removed.csv.gz"]
    removed = rows(lists / "isic_challenges_2016_2020_removed.csv.gz")
    assert len(removed) == 15_902
    keys = {k for pair in catalogue.rows("SELECT key_a, key_b FROM relations") for k in pair}
    for row in rows(lists / "HAM10000_near_duplicates_different_times.csv"):
        assert not {f"isic:{row['from_img'][:-4]}", f"isic:{row['to_img'][:-4]}"} <= keys
    assert all(reason != "no part of the layout of this source" for p, reason in reasons.items() if p != "all_known_pairs.csv")


def test_a_lesion_split_of_isic_2020_leaks_eight_pairs_and_a_patient_split_none(read, shared):
    truth = {r["image_name"]: r for r in rows(shared / "data" / "tables" / "ISIC_2020_Training_GroundTruth_v2.csv.gz")}
    found = [(truth[a[5:]], truth[b[5:]]) for a, b in of(read[1], "ISIC 2020")]
    assert len(found) == 425
    assert all(a["patient_id"] == b["patient_id"] and a["target"] == b["target"] for a, b in found)
    assert sum(a["lesion_id"] == b["lesion_id"] for a, b in found) == 417


def test_ham10000_s_pairs_have_two_lesion_ids_and_one_diagnosis(read, shared):
    table = {r["image_id"]: r for r in rows(shared / "data" / "ham10000" / "HAM10000_metadata.csv")}
    found = [(table[a[5:]], table[b[5:]]) for a, b in of(read[1], "HAM10000 pairs")]
    assert all(a["lesion_id"] != b["lesion_id"] and a["dx"] == b["dx"] for a, b in found)
    differing = [{a["image_id"], b["image_id"]} for a, b in found if a["sex"] != b["sex"]]
    assert differing == [{"ISIC_0027162", "ISIC_0029061"}]


def test_pad_ufes_20_s_pairs_lie_within_patients_and_straddle_lesions_and_diagnoses(read, shared):
    table = {r["img_id"].removesuffix(".png"): r for r in rows(shared / "data" / "pad_ufes_20" / "metadata.csv")}
    found = [(table[a.split(":")[1]], table[b.split(":")[1]]) for a, b in of(read[1], "PAD-UFES-20")]
    assert all(a["patient_id"] == b["patient_id"] for a, b in found)
    assert sum(a["lesion_id"] != b["lesion_id"] for a, b in found) == 18
    assert sum(a["diagnostic"] != b["diagnostic"] for a, b in found) == 13


def test_the_experts_list_beside_the_pictures_gives_the_same_pairs(read, catalogue, tree, shared, tmp_path):
    folder = tmp_path / "other"
    folder.mkdir()
    shutil.copy(shared / "data" / "pad_ufes_20" / "expert_near_duplicates.csv", folder)
    summary = ingest(catalogue, source("published_duplicates", tree), folder, tree)
    found = set(catalogue.rows("SELECT key_a, key_b FROM relations"))
    assert summary["relations"] == 56
    assert found == of(read[1], "PAD-UFES-20")


def test_groups_of_2017_hold_two_diagnoses_twice_and_cross_the_official_parts_ten_times(read, lists):
    groups = defaultdict(list)
    for row in rows(lists / "duplicates_isic_archive_2017.csv"):
        groups[row["group"]].append(row)
    assert sum(len({r["diagnosis"] for r in g if r["diagnosis"]}) > 1 for g in groups.values()) == 2
    crossing = [g for g in groups.values() if len({r["isic_2017_split"] for r in g if r["isic_2017_split"]}) > 1]
    assert len(crossing) == 10
    joined = defaultdict(set)
    for a, b in of(read[1], "ISIC archive of 2017"):
        joined[a] |= {a, b}
    for group in crossing:
        names = {f"isic:{r['image_id']}" for r in group}
        assert joined[min(names)] == names


def test_fitzpatrick17k_s_pairs_are_rows_of_its_table(read, lists, shared):
    table = {r["md5hash"]: r for r in rows(shared / "data" / "tables" / "fitzpatrick17k.csv.gz")}
    labels = {md5: r["label"] for md5, r in table.items()}
    near = [(table[r["md5hash_a"]], table[r["md5hash_b"]]) for r in rows(lists / "fitzpatrick17k_inception_nearest_pairs.csv")]
    assert sum(a["fitzpatrick_scale"] != b["fitzpatrick_scale"] for a, b in near) == 15
    assert sum(a["nine_partition_label"] != b["nine_partition_label"] for a, b in near) == 1
    found = [(labels[a.split(":")[1]], labels[b.split(":")[1]]) for a, b in of(read[1], "Fitzpatrick 17k")]
    assert sum(a != b for a, b in found) == 3
    assert len(found) == 42
