"""PASSION as it is given on request: pictures named by subject, a label table and a split table by subject."""

from pathlib import Path

from tests.data.native import Expected, save, write_table

HEADERS = {
    "label.csv": "subject_id,country,age,sex,fitzpatrick,body_loc,impetig,conditions_PASSION",
    "PASSION_split.csv": "subject_id,Split",
}


def make(folder: Path) -> Expected:
    """Write nine pictures of six subjects (one not in the tables) and six rows by subject (one without a picture)."""
    rows = [
        ["AA00970001", "Madagascar", 4, "m", 5, "Head;Face", 0, "Eczema"],
        ["AA00970002", "Guinea", 7, "f", 6, "Arm;Leg", 1, "fungal"],
        ["AA00970003", "Malawi", "", "f", "4.0", "", 1.0, "Others"],
        ["AA00970004", "Tanzania", 12, "unknown", "", "Back", "", "Scabies"],
        ["AA00970005", "Guinea", 30, "m", 5, "Foot", 0.0, "others"],
        ["AA00970006", "Guinea", 31, "m", 5, "Foot", 0, "eczema"],
    ]
    write_table(folder / "label.csv", HEADERS["label.csv"], rows)
    split = [[r[0], "TEST" if r[0].endswith(("2", "6")) else "TRAIN"] for r in rows]
    write_table(folder / "PASSION_split.csv", HEADERS["PASSION_split.csv"], split)
    pictures = folder / "PASSION_collection_2020_2023"
    names = ["AA00970001_1", "AA00970001_2", "aa00970002_1", "AA00970002_10", "Files_Matrix_AA00970003_1", "AA00970003"]
    for n, name in enumerate([*names, "AA00970004_1", "AA00970005_1", "AA00970099_1"]):
        save(pictures / f"{name}.jpg", n)
    save(pictures / "logo.png", 50)
    return Expected(
        images=9,
        tables=2,
        ignored=1,
        rows=8,
        without_picture=0,
        rows_alone=0,
        patients=6,
        nodes={
            "AA00970001_2": "eczema and dermatitis",
            "AA00970002_10": "fungal infection of skin",
            "AA00970003": "impetigo",
            "AA00970004_1": "scabies",
            "AA00970005_1": None,
            "AA00970099_1": None,
        },
        facts={
            "AA00970001_1": {"site": "head_neck", "skin_type": "V", "age": 4.0, "sex": "male", "official_split": "train"},
            "aa00970002_1": {"site": None, "official_split": "test", "sex": "female", "patient_keys": ["passion:AA00970002"]},
            "Files_Matrix_AA00970003_1": {"skin_type": "IV", "age": None, "site": None, "confirmation": "clinical"},
            "AA00970004_1": {"sex": None, "skin_type": None, "site": "posterior_torso", "modality": "clinical"},
            "AA00970099_1": {"patient_keys": ["passion:AA00970099"], "official_split": None},
        },
        together=[
            ("AA00970001_1", "AA00970001_2"),
            ("aa00970002_1", "AA00970002_10"),
            ("Files_Matrix_AA00970003_1", "AA00970003"),
        ],
        apart=[("AA00970001_1", "AA00970004_1"), ("AA00970005_1", "AA00970099_1")],
    )
