"""The publisher's own tables of the ISIC archive and its challenges, row by row, against counts that are made here."""

import csv
import gzip
import io
import json
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from curate.sources.ingest import ingest
from curate.sources.isic_archive.adapter import amend
from curate.sources.registry import source

pytestmark = pytest.mark.real

Rows = list[dict[str, str]]


def content(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def rows(path: Path) -> Rows:
    return list(csv.DictReader(io.StringIO(content(path).decode("utf-8-sig"))))


def lay(folder: Path, names: dict[str, Path]) -> Path:
    """Put tables into a folder under their native names."""
    for name, path in names.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content(path))
    return folder


def read(catalogue, tree, source_id: str, folder: Path) -> dict[str, object]:
    summary = ingest(catalogue, source(source_id, tree), folder, tree, metadata_only=True)
    assert summary["rows_rejected"] == 0
    assert findings(catalogue, source_id) == []
    return summary


def findings(catalogue, source_id: str) -> list[str]:
    """Return messages that a publisher's table gives no cause for."""
    found = catalogue.rows("SELECT id, message FROM findings WHERE message LIKE ?", [f"{source_id}: %"])
    return [message for name, message in found if not name.startswith("source.lesion-of")]


def keys(catalogue, source_id: str, level: str) -> dict[str, list[str]]:
    """Return the pictures of each key."""
    found: dict[str, list[str]] = defaultdict(list)
    for native_id, key in catalogue.rows(
        f"SELECT split_part(record_id, ':', 2), k.key FROM records, unnest({level}_keys) AS k(key) WHERE source_id = ?", [source_id]
    ):
        found[key].append(native_id)
    return found


def labels(catalogue, source_id: str, field: str) -> Counter[str]:
    sql = "SELECT label, count(*) FROM labels WHERE source_id = ? AND field = ? GROUP BY 1"
    return Counter(dict(catalogue.rows(sql, [source_id, field])))


def facts(catalogue, source_id: str, fact: str) -> Counter[str | None]:
    return Counter(dict(catalogue.rows(f"SELECT {fact}, count(*) FROM records WHERE source_id = ? GROUP BY 1", [source_id])))


def groups(table: Rows, column: str, image: str) -> dict[str, set[str]]:
    """Return the pictures of each value of a column."""
    found: dict[str, set[str]] = defaultdict(set)
    for row in table:
        if row[column]:
            found[row[column]].add(row[image])
    return found


def hot(table: Rows, codes: str) -> Counter[str]:
    return Counter(code for row in table for code in codes.split() if float(row[code]) == 1)


@pytest.fixture(scope="module")
def tables(shared) -> Path:
    return shared / "data" / "tables"


@pytest.fixture(scope="module")
def archive(shared) -> list[dict]:
    path = shared / "data" / "isic_archive" / "archive_2019-08_all_records.json.gz"
    return list(json.loads(content(path)).values())


@pytest.fixture(scope="module")
def in_2019(tables) -> Rows:
    return rows(tables / "ISIC_2019_Training_Metadata.csv.gz")


def archived(archive, collection: str, field: str) -> dict[str, set[str]]:
    """Return the pictures of each id that the archive's records hide in `meta.unstructured`."""
    found: dict[str, set[str]] = defaultdict(set)
    for record in archive:
        if record["dataset"]["name"] == collection and (value := record["meta"]["unstructured"].get(field)):
            found[str(value)].add(record["name"])
    return found


@pytest.mark.parametrize("packed", [False, True], ids=["one file each", "packed"])
def test_archive_of_2019(catalogue, tree, tmp_path, shared, archive, packed):
    assert len(archive) == 23_906
    if packed:
        name = "archive_2019-08_all_records.json.gz"
        (tmp_path / name).write_bytes((shared / "data" / "isic_archive" / name).read_bytes())
    else:
        descriptions = tmp_path / "Data" / "Descriptions"
        descriptions.mkdir(parents=True)
        for record in archive:
            (descriptions / record["name"]).write_text(json.dumps(record), encoding="utf-8")
    summary = read(catalogue, tree, "isic_archive", tmp_path)
    assert (summary["rows"], summary["side_cars"]) == (23_906, 1 if packed else 23_906)

    lesions = keys(catalogue, "isic_archive", "lesion")
    expected = {f"ham10000:{k}": v for k, v in archived(archive, "HAM10000", "lesion_id").items()}
    expected |= {f"isic.msk1:{k}": v for k, v in archived(archive, "MSK-1", "lesion id").items()}
    expected |= {f"isic.msk4:{k}": v for k, v in archived(archive, "MSK-4", "lesion_id").items()}
    assert {k: set(v) for k, v in lesions.items()} == expected
    assert Counter(k.split(":")[0] for k in lesions) == {"ham10000": 7_470, "isic.msk1": 751, "isic.msk4": 801}
    shared_lesions = Counter(k.split(":")[0] for k, v in lesions.items() if len(v) > 1)
    assert shared_lesions == {"ham10000": 1_956, "isic.msk1": 257, "isic.msk4": 15}

    patients = keys(catalogue, "isic_archive", "patient")
    assert {k: set(v) for k, v in patients.items()} == {
        f"isic.msk1:{k}": v for k, v in archived(archive, "MSK-1", "patient").items()
    }
    assert (len(patients), sum(len(v) > 1 for v in patients.values())) == (642, 258)
    two_patients = "SELECT count(*) FROM findings WHERE id = 'source.lesion-of-two-patients'"
    assert catalogue.value(two_patients) == 0

    told = Counter(str(d) for r in archive if (d := r["meta"]["clinical"].get("diagnosis")))
    assert labels(catalogue, "isic_archive", "meta.clinical.diagnosis") == told
    said = Counter(r["meta"]["clinical"].get("diagnosis_confirm_type") for r in archive)
    found = facts(catalogue, "isic_archive", "confirmation")
    assert found["histopathology"] == said["histopathology"] == 9_059
    assert found["consensus"] == said["single image expert consensus"]
    assert found[None] == said[None]
    licences = facts(catalogue, "isic_archive", "licence")
    assert licences == {"CC0-1.0": 13_886, "CC-BY-NC-4.0": 10_015, "CC-BY-4.0": 5}


def test_every_path_of_the_archive_s_diagnoses_keeps_its_deepest_level(shared):
    paths = [row for row in rows(shared / "reference" / "native_labels.csv") if row["label_field"].startswith("diagnosis_")]
    paths = [row for row in paths if row["source_id"] == "isic_archive" and row["note"].startswith("path: ")]
    assert len(paths) == 418
    for path in paths:
        levels = path["note"].removeprefix("path: ").split(":")
        row = {f"diagnosis_{n}": level for n, level in enumerate(levels, start=1)}
        assert levels[-1] == path["native_label"]
        assert {k: v for k, v in amend(row).items() if v} == {path["label_field"]: path["native_label"]}


def test_isbi_2016(catalogue, tree, tmp_path, tables):
    path = tables / "ISBI2016_ISIC_Part3_Training_GroundTruth.csv"
    table = rows(path)
    name = "ISBI2016_ISIC_Part3_Training_GroundTruth.csv"
    summary = read(catalogue, tree, "isic_challenge_2016", lay(tmp_path, {name: path}))
    assert summary["rows"] == len(table) == 900
    told = Counter(row["Label"] for row in table)
    assert labels(catalogue, "isic_challenge_2016", "label") == told == {"benign": 727, "malignant": 173}
    # as the publisher ships it: without the line of names
    (tmp_path / name).write_bytes(path.read_bytes().partition(b"\n")[2])
    assert read(catalogue, tree, "isic_challenge_2016", tmp_path)["rows"] == 900
    assert labels(catalogue, "isic_challenge_2016", "label") == told


def test_isic_2017(catalogue, tree, tmp_path, shared, tables):
    parts = {"Training": 2_000, "Validation": 150, "Test_v2": 600}
    root = shared / "data" / "isic_challenge_2017"
    truth = {f"ISIC-2017_{p}_Part3_GroundTruth.csv": root / f"ISIC-2017_{p}_Part3_GroundTruth.csv" for p in parts}
    about = tables / "ISIC-2017_Training_Data_metadata.csv"
    lay(tmp_path, truth | {"ISIC-2017_Training_Data/ISIC-2017_Training_Data_metadata.csv": about})
    summary = read(catalogue, tree, "isic_challenge_2017", tmp_path)
    assert summary["rows"] == sum(parts.values()) == 2_750
    named = [row for path in truth.values() for row in rows(path)]
    counted = hot(named, "melanoma seborrheic_keratosis")
    counted["nevus"] = len(named) - counted.total()
    assert labels(catalogue, "isic_challenge_2017", "diagnosis") == counted
    sexes = Counter(row["sex"] for row in rows(about))
    found = facts(catalogue, "isic_challenge_2017", "sex")
    assert sexes["unknown"] == 229
    assert (found["male"], found["female"], found[None]) == (sexes["male"], sexes["female"], 229 + 750)
    ages = Counter(row["age_approximate"] for row in rows(about))
    assert facts(catalogue, "isic_challenge_2017", "age")[None] == ages["unknown"] + 750 == 256 + 750


def test_isic_2017_s_split_parts_patients_and_lesions_of_the_archive(catalogue, tree, tmp_path, shared, archive):
    """15 MSK-1 patients and 6 MSK-4 lesions stand in several parts; the keys that the archive gives find them."""
    part = {}
    for name in ("Training", "Validation", "Test_v2"):
        for row in rows(shared / "data" / "isic_challenge_2017" / f"ISIC-2017_{name}_Part3_GroundTruth.csv"):
            part[row["image_id"]] = name
    name = "archive_2019-08_all_records.json.gz"
    (tmp_path / name).write_bytes((shared / "data" / "isic_archive" / name).read_bytes())
    read(catalogue, tree, "isic_archive", tmp_path)

    def parted(level: str, namespace: str) -> int:
        found = keys(catalogue, "isic_archive", level)
        return sum(len({part[i] for i in v if i in part}) > 1 for k, v in found.items() if k.startswith(namespace))

    assert parted("patient", "isic.msk1:") == 15
    assert parted("lesion", "isic.msk4:") == 6


TRUTH_2019 = "MEL NV BCC AK BKL DF VASC SCC UNK"


@pytest.fixture
def isic_2019(catalogue, tree, tmp_path, tables):
    names = ("ISIC_2019_Training_GroundTruth", "ISIC_2019_Training_Metadata", "ISIC_2019_Test_Metadata")
    lay(tmp_path / "2019", {f"{name}.csv": tables / f"{name}.csv.gz" for name in names})
    return read(catalogue, tree, "isic_challenge_2019", tmp_path / "2019")


def test_isic_2019(catalogue, isic_2019, tables, in_2019):
    test = rows(tables / "ISIC_2019_Test_Metadata.csv.gz")
    assert (len(in_2019), len(test)) == (25_331, 8_238)
    assert isic_2019["rows"] == 25_331 + 8_238
    truth = rows(tables / "ISIC_2019_Training_GroundTruth.csv.gz")
    assert labels(catalogue, "isic_challenge_2019", "diagnosis") == hot(truth, TRUTH_2019)
    own = groups(in_2019, "lesion_id", "image")
    origins = Counter(row["lesion_id"].split("_")[0] for row in in_2019)
    assert origins == {"BCN": 12_413, "HAM": 10_015, "MSK4": 819, "": 2_084}
    assert (len(own), sum(len(v) > 1 for v in own.values())) == (11_847, 5_059)
    lesions = keys(catalogue, "isic_challenge_2019", "lesion")
    assert {frozenset(v) for v in lesions.values()} == {frozenset(v) for v in own.values()}
    assert Counter(k.split(":")[0] for k in lesions) == {"ham10000": 7_470, "bcn20000": 3_576, "isic.msk4": 801}
    two_labels = "SELECT count(*) FROM findings WHERE id = 'source.lesion-of-two-diagnoses'"
    assert catalogue.value(two_labels) == 0
    for fact, column in (("sex", "sex"), ("age", "age_approx"), ("site", "anatom_site_general")):
        blank = sum(row[column] == "" for row in (*in_2019, *test))
        assert facts(catalogue, "isic_challenge_2019", fact)[None] == blank
    assert facts(catalogue, "isic_challenge_2019", "site")["oral_genital"] == sum(
        row["anatom_site_general"] == "oral/genital" for row in (*in_2019, *test)
    )


def test_isic_2019_s_downsampled_pictures_have_the_archive_s_number(catalogue, isic_2019, in_2019):
    named = [row["image"] for row in in_2019 if row["image"].endswith("_downsampled")]
    assert len(named) == 2_074
    found = keys(catalogue, "isic_challenge_2019", "image")
    assert all(found[f"isic:{name[:12]}"] == [name] for name in named)


def test_msk4_lesions_of_isic_2019_are_those_of_the_archive(catalogue, tree, isic_2019, in_2019, shared, tmp_path, archive):
    """Two spellings of one id: in all 819 rows `MSK4_0011169` is the archive's `A11169`."""
    name = "archive_2019-08_all_records.json.gz"
    (tmp_path / "archive").mkdir()
    (tmp_path / "archive" / name).write_bytes((shared / "data" / "isic_archive" / name).read_bytes())
    read(catalogue, tree, "isic_archive", tmp_path / "archive")
    hidden = {r["name"]: r["meta"]["unstructured"].get("lesion_id") for r in archive}
    pairs = [
        (row["lesion_id"], hidden[row["image"].removesuffix("_downsampled")])
        for row in in_2019
        if row["lesion_id"].startswith("MSK4_")
    ]
    assert len(pairs) == 819
    assert all(ours[5:].lstrip("0") == theirs[1:] for ours, theirs in pairs)
    lesions = {k: {i.removesuffix("_downsampled") for i in v} for k, v in keys(catalogue, "isic_challenge_2019", "lesion").items()}
    theirs = {k: set(v) for k, v in keys(catalogue, "isic_archive", "lesion").items()}
    for namespace, count in (("isic.msk4:", 801), ("ham10000:", 7_470)):
        ours = {k: v for k, v in lesions.items() if k.startswith(namespace)}
        assert len(ours) == count
        assert ours == {k: v for k, v in theirs.items() if k.startswith(namespace)}


def test_the_archive_gives_patients_to_blank_lesions_of_isic_2019(catalogue, tree, in_2019, shared, tmp_path, archive):
    """All 2,084 pictures without a lesion id are in the archive's records; 417 have a patient of MSK-1 there."""
    blank = {row["image"].removesuffix("_downsampled") for row in in_2019 if not row["lesion_id"]}
    assert len(blank) == 2_084
    assert blank <= {r["name"] for r in archive}
    name = "archive_2019-08_all_records.json.gz"
    (tmp_path / name).write_bytes((shared / "data" / "isic_archive" / name).read_bytes())
    read(catalogue, tree, "isic_archive", tmp_path)
    patients = {k: blank & set(v) for k, v in keys(catalogue, "isic_archive", "patient").items()}
    patients = {k: v for k, v in patients.items() if v}
    several = [len(v) for v in patients.values() if len(v) > 1]
    assert (sum(map(len, patients.values())), len(patients), len(several), sum(several)) == (417, 369, 30, 78)


def test_a_published_split_of_isic_2019_parts_its_lesions(catalogue, isic_2019, tables):
    """The federated benchmark's own split, judged by keys alone, without a picture."""
    side = {}
    for row in rows(tables / "splits" / "fed_isic2019_train_test_split.csv.gz"):
        side[row["image"].removesuffix("_downsampled")] = row["fold"]
    assert Counter(side.values()) == {"train": 18_597, "test": 4_650}
    parted: Counter[str] = Counter()
    touched: Counter[str] = Counter()
    for key, images in keys(catalogue, "isic_challenge_2019", "lesion").items():
        sides = [side[i] for name in images if (i := name.removesuffix("_downsampled")) in side]
        if len(set(sides)) > 1:
            parted[key.split(":")[0]] += 1
            touched[key.split(":")[0]] += sides.count("test")
    assert parted == {"bcn20000": 1_603, "ham10000": 696, "isic.msk4": 3}
    assert touched == {"bcn20000": 2_301, "ham10000": 760, "isic.msk4": 5}


def test_isic_2020(catalogue, tree, tmp_path, tables):
    names = {
        "ISIC_2020_Training_GroundTruth_v2.csv": tables / "ISIC_2020_Training_GroundTruth_v2.csv.gz",
        "ISIC_2020_Training_Duplicates.csv": tables / "duplicates" / "ISIC_2020_Training_Duplicates.csv",
    }
    summary = read(catalogue, tree, "isic_challenge_2020", lay(tmp_path, names))
    table = rows(names["ISIC_2020_Training_GroundTruth_v2.csv"])
    assert summary["rows"] == len(table) == 33_126
    for level, column, count in (("lesion", "lesion_id", 32_701), ("patient", "patient_id", 2_056)):
        own = groups(table, column, "image_name")
        assert len(own) == count
        assert {k: set(v) for k, v in keys(catalogue, "isic_challenge_2020", level).items()} == {
            f"isic:{k}": v for k, v in own.items()
        }
    assert sum(len(v) > 1 for v in groups(table, "lesion_id", "image_name").values()) == 425
    assert labels(catalogue, "isic_challenge_2020", "diagnosis") == Counter(row["diagnosis"] for row in table)
    found = facts(catalogue, "isic_challenge_2020", "confirmation")
    assert found == {"histopathology": 584, None: 33_126 - 584}
    for row in table:
        assert (row["diagnosis"] == "melanoma") == (row["benign_malignant"] == "malignant") == (row["target"] == "1")
    assert catalogue.value("SELECT count(*) FROM findings WHERE id LIKE 'source.lesion-of%'") == 0

    pairs = {
        tuple(sorted((f"isic:{row['image_name_1']}", f"isic:{row['image_name_2']}")))
        for row in rows(names["ISIC_2020_Training_Duplicates.csv"])
    }
    declared = {(a, b) for a, b in catalogue.rows("SELECT key_a, key_b FROM relations")}
    assert summary["relations"] == len(pairs) == 425
    assert declared == pairs
    key_of = {
        level: {f"isic:{i}": key for key, images in keys(catalogue, "isic_challenge_2020", level).items() for i in images}
        for level in ("lesion", "patient")
    }
    assert sum(key_of["patient"][a] == key_of["patient"][b] for a, b in declared) == 425
    assert sum(key_of["lesion"][a] == key_of["lesion"][b] for a, b in declared) == 417
    assert key_of["lesion"]["isic:ISIC_1300006"] != key_of["lesion"]["isic:ISIC_9126974"]
    malignant = {row["image_name"]: row["target"] for row in table}
    assert all(malignant[a[5:]] == malignant[b[5:]] for a, b in declared)


def test_isic_2024(catalogue, tree, tmp_path, tables):
    path = tables / "ISIC_2024_test-metadata_3rows.csv"
    summary = read(catalogue, tree, "isic_challenge_2024", lay(tmp_path, {"test-metadata.csv": path}))
    table = rows(path)
    assert summary["rows"] == len(table) == 3
    patients = keys(catalogue, "isic_challenge_2024", "patient")
    assert set(patients) == {f"isic:{row['patient_id']}" for row in table}
    assert facts(catalogue, "isic_challenge_2024", "modality") == {"tbp_tile": 3}
    assert facts(catalogue, "isic_challenge_2024", "shot_type") == {"close_up": 3}
    assert facts(catalogue, "isic_challenge_2024", "licence") == {"CC-BY-4.0": 3}
    assert facts(catalogue, "isic_challenge_2024", "attribution") == Counter(row["attribution"] for row in table)


def test_milk10k(catalogue, tree, tmp_path, tables):
    names = {
        "MILK10k_Training_Metadata.csv": tables / "MILK10k_Training_Metadata.csv.gz",
        "MILK10k_Training_Supplement.csv": tables / "MILK10k_Training_Supplement.csv.gz",
        "MILK10k_Training_GroundTruth.csv": tables / "MILK10k_Training_GroundTruth.csv",
        "MILK10k_Test_Metadata.csv": tables / "MILK10k_Test_Metadata.csv",
    }
    summary = read(catalogue, tree, "isic_challenge_2025", lay(tmp_path, names))
    table = {name: rows(path) for name, path in names.items()}
    training, test = table["MILK10k_Training_Metadata.csv"], table["MILK10k_Test_Metadata.csv"]
    assert (len(training), len(test)) == (10_480, 958)
    assert summary["rows"] == 10_480 + 958
    lesions = keys(catalogue, "isic_challenge_2025", "lesion")
    own = groups([*training, *test], "lesion_id", "isic_id")
    assert len(own) == 5_240 + 479
    assert {k: set(v) for k, v in lesions.items()} == {f"isic:{k}": v for k, v in own.items()}
    modality = dict(catalogue.rows("SELECT split_part(record_id, ':', 2), modality FROM records"))
    assert {tuple(sorted(modality[i] for i in images)) for images in lesions.values()} == {("clinical", "dermoscopic")}

    supplement = table["MILK10k_Training_Supplement.csv"]
    assert labels(catalogue, "isic_challenge_2025", "diagnosis_full") == Counter(row["diagnosis_full"] for row in supplement)
    codes = hot(table["MILK10k_Training_GroundTruth.csv"], "AKIEC BCC BEN_OTH BKL DF INF MAL_OTH MEL NV SCCKA VASC")
    assert codes.total() == 5_240
    assert labels(catalogue, "isic_challenge_2025", "diagnosis") == {code: 2 * count for code, count in codes.items()}
    found = facts(catalogue, "isic_challenge_2025", "confirmation")
    assert found == {"histopathology": 10_032, "clinical": 448, None: 958}
    assert facts(catalogue, "isic_challenge_2025", "site")[None] == sum(row["site"] == "" for row in (*training, *test)) == 62 + 12
    assert facts(catalogue, "isic_challenge_2025", "licence") == {"CC-BY-NC-4.0": 11_438}
    assert catalogue.value("SELECT count(*) FROM findings WHERE id LIKE 'source.lesion-of%'") == 0
    full = {row["isic_id"]: row["diagnosis_full"] for row in supplement}
    assert all(len({full[i] for i in images if i in full}) <= 1 for images in own.values())
    places = """SELECT record_id, p.node_id FROM labels l
        JOIN label_places p ON p.source_id = l.source_id AND p.field = l.field AND p.native_label = l.label
        WHERE l.field = 'diagnosis_full'"""
    placed = dict(catalogue.rows(places))
    assert len(placed) == 10_480
    assert None not in placed.values()


def test_numbers_shared_between_the_challenges(tables, in_2019, shared):
    """What the sources' READMEs say of overlaps."""
    names_2019 = {row["image"].removesuffix("_downsampled") for row in in_2019}
    names_2016 = {row["img_id"] for row in rows(tables / "ISBI2016_ISIC_Part3_Training_GroundTruth.csv")}
    root = shared / "data" / "isic_challenge_2017"
    parts = {
        part: {row["image_id"] for row in rows(root / f"ISIC-2017_{part}_Part3_GroundTruth.csv")}
        for part in ("Training", "Validation", "Test_v2")
    }
    assert len(names_2016 & names_2019) == 859
    assert len(names_2016 & parts["Training"]) == 746
    assert len(names_2016 & parts["Validation"]) == 3
    assert [len(names & names_2019) for names in parts.values()] == [2_000, 150, 595]
    names_2020 = {row["image_name"] for row in rows(tables / "ISIC_2020_Training_GroundTruth_v2.csv.gz")}
    milk = {row["isic_id"] for row in rows(tables / "MILK10k_Training_Metadata.csv.gz")}
    assert not names_2020 & names_2019
    truth = {row["image"].removesuffix("_downsampled"): row for row in rows(tables / "ISIC_2019_Training_GroundTruth.csv.gz")}
    malignant = [r["img_id"] for r in rows(tables / "ISBI2016_ISIC_Part3_Training_GroundTruth.csv") if r["Label"] == "malignant"]
    assert Counter(truth[i]["MEL"] for i in malignant if i in truth) == {"1.0": 167}
    assert not milk & (names_2019 | names_2020)
