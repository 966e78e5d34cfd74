"""The ISIC Archive in all its forms at once: JSON side-cars, a packed list, a flat download of isic-cli, an older zip."""

import gzip
import json
import zipfile
from pathlib import Path

from tests.data.native import Expected, save, write_table

HEADERS: dict[str, str] = {}  # no two downloads have the same columns
NEW = (
    "isic_id,attribution,copyright_license,acquisition_day,age_approx,anatom_site_1,anatom_site_2,anatom_site_3,anatom_site_4,"
    "anatom_site_special,diagnosis_1,diagnosis_2,diagnosis_3,diagnosis_4,diagnosis_5,diagnosis_confirm_type,fitzpatrick_skin_type,"
    "image_type,lesion_id,patient_id,sex"
)
OLD = (
    "isic_id,attribution,copyright_license,age_approx,anatom_site_general,benign_malignant,diagnosis,diagnosis_confirm_type,image_type,"
    "lesion_id,mel_class,mel_thick_mm,mel_type,nevus_type,patient_id,sex"
)


def make(folder: Path) -> Expected:
    """Write 20 pictures: 7 with JSON records (3 of them in a packed list), 8 of a flat download, 5 of an older zip."""
    _side_cars(folder)
    _flat_download(folder)
    _older_zip(folder)
    return Expected(
        images=20,
        tables=2,
        side_cars=6,  # five side-cars, one packed list
        ignored=9,
        rows=21,  # 7 JSON records with a picture and 1 without, 8 and 5 rows of tables, one row of a picture with a JSON record
        without_picture=1,
        lesions=10,  # HAM_0000007, two of MSK-1, A11169 of MSK-4, IL_ 0000001..0000003, 0000009, 0000011, 0000012
        patients=5,  # MSK-1's P1; IP_ 0000001, 0000002, 0000009, 0000011
        nodes={
            "ISIC_0000001": "congenital melanocytic nevus",  # the later of its two records is finer
            "ISIC_0000002": "blue nevus",  # nevus_type refines the diagnosis
            "ISIC_0000003": "benign skin lesion",  # benign_malignant alone
            "ISIC_0000004": None,  # meta.clinical is empty
            "ISIC_0000005": "malignant melanoma",
            "ISIC_0000101": "compound nevus",  # the deepest of four levels
            "ISIC_0000102": "scar",  # under Benign in the archive, no tumour in the taxonomy
            "ISIC_0000103": "benign skin lesion",  # a pooled word is not sharpened by the level above it
            "ISIC_0000104": "benign melanocytic lesions",  # an inner node is a legal label
            "ISIC_0000105": None,  # indeterminate may be of two roots
            "ISIC_0000106": "malignant melanoma",
            "ISIC_0000201": "nodular melanoma",  # mel_class and mel_type refine the older diagnosis
            "ISIC_0000202": "Spitz nevus",
            "ISIC_0000203": "malignant skin lesion",  # benign_malignant alone
            "ISIC_0000204": None,  # `other`
        },
        facts={
            "ISIC_0000001": {
                "confirmation": "histopathology",
                "modality": "dermoscopic",
                "site": "posterior_torso",
                "age": 65.0,
                "licence": "CC0-1.0",
                "attribution": "Anonymous",
                "lesion_keys": ["ham10000:HAM_0000007", "isic:IL_0000009"],
                "patient_keys": ["isic:IP_0000009"],
            },
            "ISIC_0000002": {"lesion_keys": ["isic.msk1:L1"], "patient_keys": ["isic.msk1:P1"], "sex": None, "age": None},
            "ISIC_0000004": {"lesion_keys": [], "modality": "clinical", "licence": "CC-BY-4.0"},
            "ISIC_0000005": {"lesion_keys": ["isic.msk4:A11169"], "patient_keys": [], "attribution": "MSK-4"},
            "ISIC_0000008": {"image_id": None, "lesion_keys": ["isic.msk1:L1"]},
            "ISIC_0000101": {
                "lesion_keys": ["isic:IL_0000001"],
                "patient_keys": ["isic:IP_0000001"],
                "site": "anterior_torso",
                "skin_type": "II",
                "acquisition_day": 40,
                "licence": "CC-BY-4.0",
                "attribution": "Hospital, of Somewhere",
            },
            "ISIC_0000102": {"modality": "clinical", "shot_type": "close_up", "site": "palms_soles", "confirmation": "clinical"},
            "ISIC_0000103": {"modality": "clinical", "shot_type": "overview", "site": "nail", "licence": "CC0-1.0"},
            "ISIC_0000104": {"modality": "tbp_tile", "shot_type": "close_up", "site": "oral_genital"},
            "ISIC_0000105": {"modality": "confocal", "shot_type": None, "site": "torso"},
            "ISIC_0000106": {"site": "head_neck", "lesion_keys": [], "patient_keys": []},
            "ISIC_0000201": {
                "confirmation": "histopathology",
                "modality": "dermoscopic",
                "site": "upper_extremity",
                "lesion_keys": ["isic:IL_0000011"],
                "patient_keys": ["isic:IP_0000011"],
                "licence": "CC-BY-NC-4.0",
            },
        },
        together=[
            ("ISIC_0000002", "ISIC_0000008"),
            ("ISIC_0000101", "ISIC_0000102"),
            ("ISIC_0000101", "ISIC_0000103"),  # two lesions of one patient
            ("ISIC_0000006", "ISIC_0000002"),  # the same
            ("ISIC_0000201", "ISIC_0000202"),
        ],
        apart=[("ISIC_0000005", "ISIC_0000007"), ("ISIC_0000101", "ISIC_0000104"), ("ISIC_0000106", "ISIC_0000107")],
    )


def _under(header: str, rows: list[dict[str, object]]) -> list[list[object]]:
    """Return rows as cells under a header line; what a row does not hold is blank."""
    return [[row.get(column, "") for column in header.split(",")] for row in rows]


def _path(column: str, *levels: str) -> dict[str, object]:
    return {f"{column}_{n}": level for n, level in enumerate(levels, start=1)}


def _record(name: str, dataset: str, licence: str, clinical: dict, unstructured: dict, image_type: str = "dermoscopic") -> dict:
    return {
        "_id": f"id-{name}",
        "name": name,
        "dataset": {"name": dataset, "license": licence},
        "meta": {
            "acquisition": {"image_type": image_type, "pixelsX": 6640, "pixelsY": 4420},  # not the size of the picture
            "clinical": clinical,
            "unstructured": unstructured,
            "unstructuredExif": {},
        },
        "notes": {"reviewed": {"accepted": True}, "tags": ["ISBI 2017: Training"]},
    }


def _side_cars(folder: Path) -> None:
    """Write seven pictures, five side-cars and a packed list of three records (two with a picture); three files to ignore."""
    side_cars = [
        _record(
            "ISIC_0000001",
            "HAM10000",
            "CC-BY-NC",
            {
                "diagnosis": "nevus",
                "diagnosis_confirm_type": "histopathology",
                "anatom_site_general": "posterior torso",
                "age_approx": 65,
                "sex": "male",
            },
            {"lesion_id": "HAM_0000007"},
        ),
        _record(
            "ISIC_0000002",
            "MSK-1",
            "CC-0",
            {"diagnosis": "nevus", "nevus_type": "blue", "benign_malignant": "benign", "sex": None, "age_approx": None},
            {"patient": "P1", "lesion id": "L1"},
        ),
        _record("ISIC_0000003", "UDA-1", "CC-0", {"benign_malignant": "benign", "diagnosis": None}, {"id1": "L1"}),
        _record("ISIC_0000004", "Dermoscopedia (CC-BY)", "CC-BY", {}, {}, "clinical"),
        _record(
            "ISIC_0000005",
            "MSK-4",
            "CC-0",
            {"diagnosis": "melanoma", "benign_malignant": "malignant", "sex": "female"},
            {"lesion_id": "A11169"},
        ),
    ]
    descriptions = folder / "Data" / "Descriptions"
    descriptions.mkdir(parents=True)
    for n, record in enumerate(side_cars):
        name = record["name"] + (".json" if n == 1 else "")  # with and without a suffix
        (descriptions / name).write_text(json.dumps(record, indent=2), encoding="utf-8")
    packed = {
        "a": _record("ISIC_0000006", "MSK-1", "CC-0", {"diagnosis": "nevus"}, {"patient": "P1", "lesion id": "L2"}),
        "b": _record("ISIC_0000007", "MSK-4", "CC-0", {"diagnosis": "nevus"}, {}),
        "c": _record("ISIC_0000008", "MSK-1", "CC-0", {"diagnosis": "nevus"}, {"patient": "P1", "lesion id": "L1"}),
    }
    (folder / "archive_2019-08_all_records.json.gz").write_bytes(gzip.compress(json.dumps(packed).encode()))
    for n in range(1, 8):
        suffix = ("jpeg", "jpg", "png")[n % 3]
        save(folder / "Data" / "Images" / f"ISIC_000000{n}.{suffix}", n)
    save(folder / "Data" / "Segmentation" / "ISIC_0000001.png", 1)
    (folder / ".isic-partial.12.ISIC_0000001.jpg").write_bytes(b"half a picture")
    save(folder / "other_copies" / "180x180" / "ISIC_0000001.jpg", 1)  # a second copy lies deeper than any layout


def _flat_download(folder: Path) -> None:
    """Write eight pictures and their table of nine rows side by side, as isic-cli does since 2025; four files to ignore."""
    hospital = {"attribution": "Hospital, of Somewhere", "copyright_license": "CC-BY", "patient_id": "IP_0000001", "sex": "male"}
    nobody = {"attribution": "\tAnonymous", "copyright_license": "CC-0"}  # the server puts a tab before some cells
    nevus = _path("diagnosis", "Benign", "Benign melanocytic proliferations", "Nevus")
    rows = [
        {"isic_id": "ISIC_0000101", **hospital, **nevus, "diagnosis_4": "Nevus, NOS, Compound", "image_type": "dermoscopic"}
        | {"lesion_id": "IL_0000001", "acquisition_day": 40, "age_approx": 45, "fitzpatrick_skin_type": "II"}
        | _path("anatom_site", "Trunk", "Anterior trunk", "Anterior chest"),
        {"isic_id": "ISIC_0000102", **hospital, "image_type": "clinical: close-up", "lesion_id": "IL_0000001", "acquisition_day": 0}
        | {"diagnosis_confirm_type": "single contributor clinical assessment"}
        | _path("diagnosis", "Benign", "Benign soft tissue proliferations - Fibro-histiocytic", "Scar")
        | _path("anatom_site", "Upper extremity", "Hand", "Palm of hand", "Central palm"),
        {"isic_id": "ISIC_0000103", **hospital, **nobody, "image_type": "clinical: overview", "lesion_id": "IL_0000002"}
        | _path("diagnosis", "Benign", "Benign epidermal proliferations", "Pigmented benign keratosis")
        | _path("anatom_site", "Upper extremity", "Hand")
        | {"anatom_site_special": "fingernail", "age_approx": 85},
        {"isic_id": "ISIC_0000104", **nobody, **nevus, "image_type": "TBP tile: close-up", "sex": "female"}
        | {"lesion_id": "IL_0000003", "patient_id": "IP_0000002"}
        | _path("anatom_site", "Head and neck", "Head", "Face", "Mouth"),
        {"isic_id": "ISIC_0000105", **nobody, "diagnosis_1": "Indeterminate", "image_type": "RCM: macroscopic"}
        | {"anatom_site_1": "Trunk", "anatom_site_special": "acral NOS"},
        {"isic_id": "ISIC_0000106", **nobody, "image_type": "dermoscopic"}
        | _path("diagnosis", "Malignant", "Malignant melanocytic proliferations (Melanoma)", "Melanoma, NOS")
        | _path("anatom_site", "Head and neck", "Neck"),
        {"isic_id": "ISIC_0000107", **nobody, "image_type": "dermoscopic"},
        {"isic_id": "ISIC_0000108", **nobody, "image_type": "RCM: mosaic"},
        # of a picture that has a JSON record as well
        {"isic_id": "ISIC_0000001", **nobody, **nevus, "diagnosis_4": "Nevus, Congenital", "image_type": "dermoscopic"}
        | {"lesion_id": "IL_0000009", "patient_id": "IP_0000009"},
    ]
    write_table(folder / "metadata.csv", NEW, _under(NEW, rows))
    for n in range(1, 9):
        save(folder / f"ISIC_000010{n}.{'tif' if n == 8 else 'jpg'}", 10 + n)
    (folder / "attribution.txt").write_text("Anonymous\n", encoding="utf-8")
    (folder / "licenses").mkdir()
    (folder / "licenses" / "CC-0.txt").write_text("the text of a licence\n", encoding="utf-8")
    (folder / "fetched.csv").write_text("isic_id,bytes,sha256\n", encoding="utf-8")
    (folder / "supplement.csv").write_text("isic_id,remark\n", encoding="utf-8")


def _older_zip(folder: Path) -> None:
    """Pack five pictures below `images/` with the older columns; two files to ignore."""
    clinic = {"attribution": "Clinic", "copyright_license": "CC-BY-NC"}
    woman = {"age_approx": 60, "sex": "female", "patient_id": "IP_0000011"}
    rows = [
        {"isic_id": "ISIC_0000201", **clinic, **woman, "lesion_id": "IL_0000011", "image_type": "dermoscopic"}
        | {"diagnosis": "melanoma", "mel_class": "invasive melanoma", "mel_type": "nodular melanoma", "mel_thick_mm": "1.2"}
        | {"benign_malignant": "malignant", "diagnosis_confirm_type": "histopathology", "anatom_site_general": "upper extremity"},
        {"isic_id": "ISIC_0000202", **clinic, **woman, "lesion_id": "IL_0000012", "image_type": "clinical"}
        | {"diagnosis": "nevus", "nevus_type": "spitz", "benign_malignant": "benign"},
        {"isic_id": "ISIC_0000203", **clinic, "benign_malignant": "malignant", "image_type": "overview"},
        {"isic_id": "ISIC_0000204", **clinic, "diagnosis": "other", "image_type": "dermoscopic"},
        {"isic_id": "ISIC_0000205", **clinic, "diagnosis": "AIMP", "benign_malignant": "benign", "image_type": "dermoscopic"},
    ]
    unpacked = folder / "unpacked"
    write_table(unpacked / "metadata.csv", OLD, _under(OLD, rows))
    for n in range(1, 6):
        save(unpacked / "images" / f"ISIC_000020{n}.jpg", 20 + n)
    (unpacked / "attribution.txt").write_text("Clinic\n", encoding="utf-8")
    (unpacked / "licenses").mkdir()
    (unpacked / "licenses" / "CC-BY-NC.txt").write_text("the text of a licence\n", encoding="utf-8")
    with zipfile.ZipFile(folder / "collection_65.zip", "w") as archive:
        for path in sorted(p for p in unpacked.rglob("*") if p.is_file()):
            archive.write(path, path.relative_to(unpacked).as_posix())
            path.unlink()
    for path in sorted(unpacked.rglob("*"), reverse=True):
        path.rmdir()
    unpacked.rmdir()
