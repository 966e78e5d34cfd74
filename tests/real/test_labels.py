"""Label maps against every native label that is known, and against what publishers say of their own classes."""

import csv
import gzip
import io
import json
import re
from collections import Counter, defaultdict

import pytest

from curate.sources.registry import LABEL_MAPS, label_map
from curate.taxonomy.tree import Tree

pytestmark = pytest.mark.real
TREE = Tree.shipped()

# where the list of native labels describes a column in words, the column that a source reads
FIELDS = {
    ("ph2", "clinical diagnosis columns (X mark)"): "Clinical Diagnosis",
    ("derm7pt", "diagnosis group (code, 5 classes)"): "diagnosis_group",
    ("sd_198", "folder (SD-128)"): "folder",
    ("sd_198", "folder (SD-260)"): "folder",
    ("dermnet", "filename stem"): "stem",
    ("dermnet", "folder (DermNet NZ topic scrape)"): "nz_topic",
    ("scin", "dermatologist_skin_condition_on_label_name / weighted_skin_condition_label"): "weighted_skin_condition_label",
    ("mra_midas", "clinical_impression_1..3"): "clinical_impression",
    ("hiba", "diagnosis (legacy ISIC vocabulary)"): "diagnosis",
    ("msld_v2", "folder / file prefix"): "folder",
    ("isic_archive", "meta.clinical.diagnosis (2016-2021 JSON; later column diagnosis)"): "meta.clinical.diagnosis",
    ("isic_challenge_2016", "column 2"): "label",
    ("dermofit", "lesionlist.txt third token; lower case as folder name"): "class",
}
ONE_HOT = ("isic_challenge_2017", "isic_challenge_2018", "isic_challenge_2019", "isic_challenge_2025")
NINE = {
    "malignant cutaneous lymphoma": "cutaneous-lymphoma",
    "benign dermal": "dermal-tumor-benign",
    "malignant dermal": "dermal-tumor-malignant",
    "benign epidermal": "epidermal-tumor-benign",
    "malignant epidermal": "epidermal-tumor-malignant",
    "genodermatoses": "genodermatosis",
    "inflammatory": "inflammatory",
    "benign melanocyte": "pigmented-lesion-benign",
    "malignant melanoma": "pigmented-lesion-malignant",
}
THREE = {"benign": "benign", "malignant": "malignant", "non-neoplastic": "non_neoplastic"}


def rows(path):
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def column(source: str, field: str) -> str:
    if source in ONE_HOT and field != "diagnosis_full":
        return "diagnosis"
    return FIELDS.get((source, field), field)


def test_every_native_label_is_mapped_ambiguous_with_candidates_or_excluded_with_a_reason(shared):
    maps = {s: {(r.field, r.native_label): r for r in label_map(s, TREE)} for s in LABEL_MAPS}
    native = rows(shared / "reference" / "native_labels.csv")
    assert len(native) == 3807
    for label in native:
        source = label["source_id"]
        row = maps[source].get((column(source, label["label_field"]), label["native_label"]))
        assert row is not None, label
        assert row.node_id or (row.how == "ambiguous" and row.candidates) or (row.how == "excluded" and row.reason), row


def test_the_diagnosis_tree_of_the_isic_archive_maps_as_a_whole():
    levels = [r for r in label_map("isic_archive", TREE) if re.fullmatch(r"diagnosis_\d", r.field)]
    assert len(levels) == 418
    assert [r.native_label for r in levels if r.node_id is None and r.how != "ambiguous"] == []


def test_all_of_fitzpatrick17k_agrees_with_its_own_columns(shared):
    placed = {r.native_label: r.node_id for r in label_map("fitzpatrick17k", TREE) if r.field == "label"}
    images = rows(shared / "data" / "tables" / "fitzpatrick17k.csv.gz")
    assert len(images) == 16_577
    for image in images:
        node = placed[image["label"]]
        assert TREE.nine_class(node) == NINE[image["nine_partition_label"]], image["label"]
        assert TREE.three_class(node) == THREE[image["three_partition_label"]], image["label"]


def test_what_is_found_of_fitzpatrick17k_is_what_the_page_says(shared):
    """docs/found.md: the picture folder in the url against the label."""
    maps: dict[str, dict[str, str | None]] = defaultdict(dict)
    for r in label_map("fitzpatrick17k", TREE):
        maps[r.field][r.native_label] = r.node_id
    found: Counter[str] = Counter()
    pairs: Counter[tuple[str, str]] = Counter()
    for image in rows(shared / "data" / "tables" / "fitzpatrick17k.csv.gz"):
        if "dermaamin" not in image["url"]:
            continue
        found["images"] += 1
        folder = image["url"].split("/")[-2]
        label, shown = maps["label"][image["label"]], maps["url_folder"][folder]
        if shown is None:
            found["no node"] += 1
        elif TREE.nine_class(label) != TREE.nine_class(shown):
            found["another nine-class"] += 1
            found["another root"] += TREE.three_class(label) != TREE.three_class(shown)
            pairs[image["label"], folder] += 1
    assert found["images"] == 12_631
    said = found_page()
    assert f"{found['another nine-class']} of 12,631" in said
    assert f"{found['another root']} under another root" in said
    for (label, folder), count in pairs.most_common(20):
        assert f"| {label} | `{folder}` | {count} |" in said, (label, folder, count)


def found_page() -> str:
    from tests.conftest import CHECKOUT

    return (CHECKOUT / "docs" / "found.md").read_text(encoding="utf-8")


def test_isic_2019_calls_squamous_cell_carcinoma_what_ham10000_calls_akiec(shared):
    dx = {r["image_id"]: r["dx"] for r in rows(shared / "data" / "ham10000" / "HAM10000_metadata.csv")}
    truth = rows(shared / "data" / "tables" / "ISIC_2019_Training_GroundTruth.csv.gz")
    called = Counter((name, dx[r["image"]]) for r in truth if r["image"] in dx for name in ("AK", "SCC") if float(r[name]) == 1)
    assert called == {("AK", "akiec"): 130, ("SCC", "akiec"): 197}
    assert "197" in found_page()


def test_the_class_folders_seborrheic_keratoses_are_melanomas_of_the_archive(shared):
    with gzip.open(shared / "data" / "isic_archive" / "archive_2019-08_all_records.json.gz", "rt", encoding="utf-8") as handle:
        diagnosis = {r["name"]: r["meta"]["clinical"].get("diagnosis") for r in json.load(handle).values()}
    root = shared / "data" / "isic_class_folders"
    named: dict[str, set[str]] = defaultdict(set)
    for path in root.rglob("ISIC_*.jpg"):
        if "other_copies" not in path.parts:
            named[path.parent.name].add(path.name[:12])
    wrong = Counter((folder, diagnosis[i]) for folder, ids in named.items() for i in ids if i in diagnosis)
    assert wrong["seborrheic keratosis", "melanoma"] == 80
    assert wrong["seborrheic keratosis", "seborrheic keratosis"] == 0
    assert wrong["nevus", "actinic keratosis"] == 78
    said = found_page()
    assert "all 80" in said
    assert "78" in said
