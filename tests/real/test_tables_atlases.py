"""The real tables of Fitzpatrick 17k, derm7pt and PAD-UFES-20, against counts made here without the product."""

import csv
import gzip
import io
import shutil
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from curate.catalogue import Catalogue
from curate.sources.ingest import ingest
from curate.sources.registry import source
from curate.taxonomy.tree import Tree

pytestmark = pytest.mark.real


def table(path: Path) -> list[dict[str, str]]:
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def read(source_id: str, folder: Path, workspace: Path, tree: Tree) -> tuple[dict, list[dict], dict[str, Counter], list[tuple]]:
    """Return the summary, the records, the labels by field, and the findings of an ingest of tables alone."""
    with Catalogue.write(workspace, "a test") as catalogue:
        summary = ingest(catalogue, source(source_id, tree), folder, tree, metadata_only=True)
        names = [row[0] for row in catalogue.rows("DESCRIBE records")]
        records = [dict(zip(names, row, strict=True)) for row in catalogue.rows("SELECT * FROM records ORDER BY record_id")]
        labels: dict[str, Counter] = defaultdict(Counter)
        for field, label, count in catalogue.rows("SELECT field, label, count(*) FROM labels GROUP BY ALL"):
            labels[field][label] = count
        findings = catalogue.rows("SELECT severity, id, message FROM findings")
    return summary, records, labels, findings


def filled(values) -> Counter:
    return Counter(v for v in values if v not in ("", None))


@pytest.fixture(scope="module")
def fitzpatrick17k(shared, tmp_path_factory):
    rows = table(shared / "data" / "tables" / "fitzpatrick17k.csv.gz")
    folder = tmp_path_factory.mktemp("fitzpatrick17k")
    packed = shared / "data" / "tables" / "fitzpatrick17k.csv.gz"
    (folder / "fitzpatrick17k.csv").write_bytes(gzip.decompress(packed.read_bytes()))
    return rows, *read("fitzpatrick17k", folder, tmp_path_factory.mktemp("workspace"), Tree.shipped())


@pytest.fixture(scope="module")
def derm7pt(shared, tmp_path_factory):
    tables = shared / "data" / "tables"
    folder = tmp_path_factory.mktemp("derm7pt")
    meta = folder / "release_v0" / "meta"
    meta.mkdir(parents=True)
    shutil.copyfile(tables / "derm7pt_meta.csv", meta / "meta.csv")
    parts = {}
    for part in ("train", "valid", "test"):
        shutil.copyfile(tables / f"derm7pt_{part}_indexes.csv", meta / f"{part}_indexes.csv")
        parts[part] = [int(row["indexes"]) for row in table(tables / f"derm7pt_{part}_indexes.csv")]
    read_back = read("derm7pt", folder, tmp_path_factory.mktemp("workspace"), Tree.shipped())
    return table(tables / "derm7pt_meta.csv"), parts, *read_back


@pytest.fixture(scope="module")
def pad(shared, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pad_ufes_20")
    shutil.copyfile(shared / "data" / "pad_ufes_20" / "metadata.csv", folder / "metadata.csv")
    rows = table(folder / "metadata.csv")
    return rows, *read("pad_ufes_20", folder, tmp_path_factory.mktemp("workspace"), Tree.shipped())


def test_fitzpatrick17k_every_row_is_read_and_nothing_is_unheard(fitzpatrick17k):
    rows, summary, records, _, findings = fitzpatrick17k
    assert len(rows) == summary["rows"] == summary["rows_without_picture"] == len(records) == 16_577
    assert summary["rows_rejected"] == 0
    assert {key for r in records for key in r["image_keys"]} == {f"fitzpatrick17k:{r['md5hash']}" for r in rows}
    assert [f for f in findings if f[1] in ("source.unknown-word", "label.unmapped", "table.line", "table.form")] == []


def test_fitzpatrick17k_labels_and_folders(fitzpatrick17k):
    rows, _, _, labels, _ = fitzpatrick17k
    for field in ("label", "nine_partition_label", "three_partition_label"):
        assert labels[field] == filled(row[field] for row in rows)
    assert len(labels["label"]) == 114
    folders = Counter(row["url"].split("/")[-2] for row in rows if "dermaamin.com/" in row["url"])
    assert labels["url_folder"] == folders
    assert (len(folders), sum(folders.values())) == (484, 12_631)


def test_fitzpatrick17k_skin_types_quality_and_atlases(fitzpatrick17k):
    rows, _, records, _, _ = fitzpatrick17k
    roman = dict(zip("123456", ("I", "II", "III", "IV", "V", "VI"), strict=True))
    assert filled(r["skin_type"] for r in records) == filled(roman.get(row["fitzpatrick_scale"]) for row in rows)
    assert sum(r["skin_type"] is None for r in records) == 565
    assert filled(r["confirmation"] for r in records) == {"clinical": 348}
    assert sum("3 Wrongly labelled" in r["native"] for r in records) == 17
    assert sum("confirmation" in r["native"] for r in records) == sum(row["qc"] != "" for row in rows) == 504
    atlases = Counter(r["attribution"] for r in records)
    assert (atlases["dermaamin.com"], atlases["atlasdermatologico.com.br"]) == (12_631, 3_905)
    assert sum(row["url"] == "" for row in rows) == len(records) - 12_631 - 3_905 == 41


def test_fitzpatrick17k_known_duplicates_name_rows_that_are_read(fitzpatrick17k, shared):
    _, _, records, _, _ = fitzpatrick17k
    known = {key for r in records for key in r["image_keys"]}
    lists = shared / "data" / "tables" / "duplicates"
    for name, count in (("cleanlab_only_duplicates_resolved", 19), ("inception_nearest_pairs", 23)):
        pairs = table(lists / f"fitzpatrick17k_{name}.csv")
        assert len(pairs) == count
        assert {f"fitzpatrick17k:{pair[side]}" for pair in pairs for side in ("md5hash_a", "md5hash_b")} <= known


def test_derm7pt_two_pictures_a_case(derm7pt):
    rows, _, summary, records, labels, findings = derm7pt
    cells = [row[c].rsplit(".", 1)[0] for row in rows for c in ("clinic", "derm")]
    assert (len(rows), len(cells), len(set(cells)), len({c.casefold() for c in cells})) == (1_011, 2_022, 2_013, 2_013)
    assert summary["rows"] == len(records) == 2_013
    assert summary["rows_rejected"] == 0
    assert {r["record_id"].removeprefix("derm7pt:") for r in records} == set(cells)
    by_case = defaultdict(set)
    for record in records:
        by_case[tuple(record["lesion_keys"])].add(record["record_id"].removeprefix("derm7pt:"))
    assert by_case == {
        (f"derm7pt:{row['case_num']}",): {row["clinic"].rsplit(".", 1)[0], row["derm"].rsplit(".", 1)[0]} for row in rows
    }
    expected: Counter[str] = Counter()
    for row in rows:
        expected[row["diagnosis"]] += 1 if row["clinic"] == row["derm"] else 2
    assert labels["diagnosis"] == expected
    assert len(expected) == 20
    assert [f for f in findings if f[1] in ("source.unknown-word", "label.unmapped", "table.line", "table.form")] == []


def test_derm7pt_the_nine_rows_that_name_one_file_are_dermoscopic(derm7pt, shared):
    rows, _, _, records, _, _ = derm7pt
    one_file = {row["derm"].rsplit(".", 1)[0] for row in rows if row["clinic"] == row["derm"]}
    assert len(one_file) == sum(row["notes"] != "" for row in rows) == 9
    modality = {r["record_id"].removeprefix("derm7pt:"): r["modality"] for r in records}
    assert {modality[name] for name in one_file} == {"dermoscopic"}
    assert Counter(modality.values()) == {"dermoscopic": 1_011, "clinical": 1_002}
    issues = table(shared / "data" / "tables" / "duplicates" / "selfclean" / "Derm7pt_issues.csv")
    pairs = [(i["name_a"], i["name_b"]) for i in issues if i["issue"] == "near_duplicate"]
    assert {a.split("images/")[1].rsplit(".", 1)[0] for a, b in pairs if a == b} == one_file
    assert len(pairs) == 9


def test_derm7pt_official_split_is_by_row_number_from_zero(derm7pt):
    rows, parts, _, records, _, _ = derm7pt
    assert {part: len(indexes) for part, indexes in parts.items()} == {"train": 413, "valid": 203, "test": 395}
    assert sorted(i for indexes in parts.values() for i in indexes) == list(range(1_011))
    names = {"train": "train", "valid": "validation", "test": "test"}
    expected = {}
    for part, indexes in parts.items():
        for index in indexes:
            for cell in ("clinic", "derm"):
                expected[rows[index][cell].rsplit(".", 1)[0]] = names[part]
    assert {r["record_id"].removeprefix("derm7pt:"): r["official_split"] for r in records} == expected


@pytest.mark.parametrize(
    ("source_id", "name", "count"),
    [("med_node", "MED-NODE", 166), ("ddi", "DDI", 647), ("derm7pt", "derm7pt", 2_012), ("pad_ufes_20", "PAD-UFES-20", 2_240)],
)
def test_published_file_lists_are_named_by_the_patterns(shared, source_id, name, count):
    listed = table(shared / "data" / "tables" / "duplicates" / "selfclean" / f"{name}_cleaned_file_list.csv")
    assert len(listed) == count
    patterns = source(source_id, Tree.shipped()).declaration.images
    within = "images/" if source_id == "pad_ufes_20" else ""
    named = [match["native_id"] for row in listed for p in patterns if (match := p.match(within + row["file_name"]))]
    assert len(named) == count
    assert all(row["file_name"].rsplit(".", 1)[0].endswith(native_id) for row, native_id in zip(listed, named, strict=True))


def test_derm7pt_s_published_file_list_names_the_same_pictures_but_for_letter_case(derm7pt, shared):
    records = derm7pt[3]
    known = {r["record_id"].removeprefix("derm7pt:") for r in records}
    listed = table(shared / "data" / "tables" / "duplicates" / "selfclean" / "derm7pt_cleaned_file_list.csv")
    named = {row["file_name"].split("images/")[1].rsplit(".", 1)[0] for row in listed}
    assert not named <= known
    assert {n.casefold() for n in named} <= {k.casefold() for k in known}


def test_pad_rows_lesions_patients_labels(pad):
    rows, summary, records, labels, findings = pad
    assert len(rows) == summary["rows"] == len(records) == 2_298
    assert summary["rows_rejected"] == 0
    pairs = {(row["patient_id"], row["lesion_id"]) for row in rows}
    assert {key for r in records for key in r["lesion_keys"]} == {f"pad_ufes_20:{p}/{n}" for p, n in pairs}
    assert {key for r in records for key in r["patient_keys"]} == {f"pad_ufes_20:{row['patient_id']}" for row in rows}
    assert (len(pairs), len({row["patient_id"] for row in rows}), len({row["lesion_id"] for row in rows})) == (1_891, 1_373, 1_641)
    assert labels["diagnostic"] == Counter(row["diagnostic"] for row in rows)
    assert [f for f in findings if f[1] in ("source.unknown-word", "label.unmapped", "source.lesion-of-two-diagnoses")] == []
    assert [f for f in findings if f[0] == "error"] == []


def test_pad_a_bare_lesion_number_is_no_key(pad):
    rows, *_ = pad
    patients = defaultdict(set)
    for row in rows:
        patients[row["lesion_id"]].add(row["patient_id"])
    assert sum(len(p) > 1 for p in patients.values()) == 250


def test_pad_facts(pad):
    rows, _, records, _, _ = pad
    assert Counter(r["confirmation"] for r in records) == {
        "histopathology": sum(row["biopsed"] == "True" for row in rows),
        "clinical": sum(row["biopsed"] == "False" for row in rows),
    }
    assert filled(r["sex"] for r in records) == filled(row["gender"].lower() for row in rows)
    assert sum(r["skin_type"] is None for r in records) == sum(row["fitspatrick"] == "" for row in rows) == 804
    assert sum(r["site"] is None for r in records) == sum(row["region"] == "" for row in rows)
    assert {r["record_id"]: r["age"] for r in records} == {
        f"pad_ufes_20:{row['img_id'].removesuffix('.png')}": float(row["age"]) for row in rows
    }


def test_pad_all_expert_pairs_lie_within_one_patient(pad, shared):
    _, _, records, _, _ = pad
    keys = {r["image_keys"][0].removeprefix("pad_ufes_20:"): (r["patient_keys"], r["lesion_keys"]) for r in records}
    pairs = table(shared / "data" / "pad_ufes_20" / "expert_near_duplicates.csv")
    names = [(pair["img_id_a"].removesuffix(".png"), pair["img_id_b"].removesuffix(".png")) for pair in pairs]
    assert len(names) == 56
    assert all(keys[a][0] == keys[b][0] for a, b in names)
    assert sum(keys[a][1] != keys[b][1] for a, b in names) == 18
