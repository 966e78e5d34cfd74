"""Mpox Skin Lesion Dataset 2.0: the same pictures in five folds, augmented copies beside them, class and patient in the name."""

from pathlib import Path

import openpyxl

from tests.data.native import Expected, save

HEADERS: dict[str, str] = {}
PICTURES = {
    "MKP_17_01": "Monkeypox",
    "MKP_17_02": "Monkeypox",
    "HFMD_17_01": "HFMD",
    "HEALTHY_3_01": "Healthy",
    "CHP_2_01": "Chickenpox",
    "CWP_05_01": "Cowpox",
    "measles web": "Measles",
}
PARTS = ("Train", "Valid", "Test")


def make(folder: Path) -> Expected:
    """Write seven pictures, each in two folds, two augmented copies, and the list of folds."""
    for fold in (1, 2):
        for n, (name, kind) in enumerate(PICTURES.items()):
            part = PARTS[(n + fold) % 3]
            save(folder / "Original Images" / "Original Images" / "FOLDS" / f"fold{fold}" / part / kind / f"{name}.jpg", n)
    for n in (1, 2):
        save(folder / "Augmented Images" / "FOLDS_AUG" / "fold1_AUG" / "Train" / "Monkeypox" / f"MKP_17_01_aug{n}.jpg", n)
    book = openpyxl.Workbook()
    book.worksheets[0].append(["train", "validation", "test"])
    book.save(folder / "datalog.xlsx")
    return Expected(
        images=7,
        ignored=7 + 2 + 1,
        patients=5,
        nodes={
            "MKP_17_01": "mpox",
            "HFMD_17_01": "hand, foot and mouth disease",
            "HEALTHY_3_01": None,
            "measles web": "measles",
        },
        facts={
            "MKP_17_01": {
                "official_split": "validation",
                "modality": "clinical",
                "confirmation": "clinical",
                "patient_keys": ["msld_v2:MKP_17"],
            },
            "MKP_17_02": {"official_split": "test"},
            "HFMD_17_01": {"official_split": "train"},
            "measles web": {"patient_keys": []},
        },
        together=[("MKP_17_01", "MKP_17_02")],
        apart=[("MKP_17_01", "HFMD_17_01")],
    )
